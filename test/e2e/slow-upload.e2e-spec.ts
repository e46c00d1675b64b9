import { request } from 'node:http';
import { json as readJson } from 'node:stream/consumers';
import { chatBody, send } from '../support/calls';
import { startBench, type TestBench } from '../support/gateway';

/** Longer than a whole answer of the simulator takes. */
const uploadMs = 600;

let bench: TestBench;
beforeAll(async () => {
  bench = await startBench({});
});
afterAll(() => bench.close());

/** Sends the second half of a body later than the first. */
function uploaded(body: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${bench.key}`,
      'content-type': 'application/json',
      'content-length': body.length,
    };
    const call = request(`${bench.url}/v1/chat/completions`, { method: 'POST', headers }, (answer) => {
      readJson(answer).then(resolve, reject);
    });
    call.on('error', reject);
    call.write(body.slice(0, 10));
    setTimeout(() => call.end(body.slice(10)), uploadMs);
  });
}

describe('a request whose body takes its time', () => {
  it('has its first content between the begin and the end of its row', async () => {
    await uploaded(JSON.stringify(chatBody({})));
    const [row] = (await send(bench, '/spend/logs')).json as readonly Record<string, string>[];
    const moments = ['startTime', 'completionStartTime', 'endTime'].map((name) => Date.parse(row?.[name] ?? ''));
    expect(moments.every(Number.isFinite)).toBe(true);
    expect([...moments].sort((one, other) => one - other)).toEqual(moments);
  });
});
