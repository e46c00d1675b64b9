import { chatBody, post, send } from '../support/calls';
import { testKey } from '../support/gateway';
import { ProgramBench, type Served } from '../support/program';
import { stall } from '../simulator/answer';
import { text } from '../simulator/answers';

const chat = '/v1/chat/completions';
const words = 'One two three four five six seven eight';

let bench: ProgramBench;

beforeAll(async () => {
  bench = await ProgramBench.start();
});
afterEach(() => {
  bench.simulator.release();
  bench.simulator.script.clear();
});
afterAll(async () => {
  await bench.close();
});

const at = ({ url }: Served): { url: string; key: string } => ({ url, key: testKey });

/** A stream that has shown content and then waits for the test. */
async function openStream(served: Served): Promise<{ readonly rest: () => Promise<string> }> {
  const answer = text(words);
  const asked = { host: 'codex', model: 'gpt-5.5', body: {}, headers: {}, metadataFrames: true, fixtures: '' } as const;
  const bytes = Buffer.concat(answer.steps(asked).flatMap((step) => (step.kind === 'write' ? [step.bytes] : [])));
  bench.simulator.script.always(stall(answer, bytes.indexOf('"four')));
  const response = await fetch(`${served.url}${chat}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${testKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(chatBody({ stream: true })),
  });
  const body: ReadableStream<Uint8Array> = response.body ?? new ReadableStream<Uint8Array>();
  const reader = body.getReader();
  let heard = '';
  const more = async (): Promise<boolean> => {
    const { value } = await reader.read();
    if (value !== undefined) heard += Buffer.from(value).toString('utf8');
    return value !== undefined;
  };
  while (!heard.includes('One')) await more();
  const rest = async (): Promise<string> => {
    while (await more());
    return heard;
  };
  return { rest };
}

/** Asks until the process says that it drains: the signal reaches it some time after it was sent. */
async function draining(served: Served): Promise<void> {
  for (;;) if ((await send(at(served), '/health/readiness')).status === 503) return;
}

describe('SIGTERM', () => {
  it('lets a running stream finish, refuses new work, and ends with 0', async () => {
    const served = await bench.serve();
    expect((await send(at(served), '/health/readiness')).json).toMatchObject({ status: 'healthy' });
    const stream = await openStream(served);
    served.signal('SIGTERM');
    await draining(served);
    const readiness = await send(at(served), '/health/readiness');
    expect(readiness.json).toMatchObject({ status: 'draining', in_flight_requests: 1 });
    expect((await send(at(served), '/health/liveliness')).status).toBe(200);
    const refused = await post(at(served), chat, chatBody());
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(refused.json).toMatchObject({ error: { type: 'service_unavailable', code: '503' } });
    bench.simulator.release();
    const heard = await stream.rest();
    expect(heard).toContain('eight');
    expect(heard).toContain('data: [DONE]');
    expect((await served.finished).status).toBe(0);
  });

  it('past the drain limit ends what still runs with an error, never a false end', async () => {
    const served = await bench.serve([], { DRAIN_TIMEOUT_SECONDS: '1' });
    const stream = await openStream(served);
    const upstream = bench.simulator.seen.findLast(({ path }) => path.endsWith('/responses'));
    served.signal('SIGTERM');
    const heard = await stream.rest();
    expect(heard).toMatch(/data: \{"error":.*shutting down/);
    expect(heard).not.toContain('[DONE]');
    expect((await served.finished).status).toBe(0);
    expect(await upstream?.ended).toBe('cancelled');
  });

  it('ends an idle process at once, also with idle connections open', async () => {
    const served = await bench.serve();
    await post(at(served), chat, chatBody());
    const started = performance.now();
    served.signal('SIGTERM');
    expect((await served.finished).status).toBe(0);
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it('sent twice ends the process at once', async () => {
    const served = await bench.serve();
    const stream = await openStream(served);
    const broken = expect(stream.rest()).rejects.toThrow();
    served.signal('SIGTERM');
    await draining(served);
    served.signal('SIGTERM');
    await broken;
    expect((await served.finished).status).not.toBe(0);
  });
});

describe('a client that hangs up', () => {
  it('is one line of the log, no error, and the process serves on', async () => {
    const served = await bench.serve();
    bench.simulator.script.always(stall(text(words), 0));
    const gone = new AbortController();
    const call = fetch(`${served.url}${chat}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${testKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(chatBody()),
      signal: gone.signal,
    });
    const refused = expect(call).rejects.toThrow();
    const before = bench.simulator.seen.length;
    const seen = await bench.simulator.waitForRequest(
      (request) => request.path.endsWith('/responses') && bench.simulator.seen.indexOf(request) >= before,
    );
    gone.abort();
    await refused;
    expect(await seen.ended).toBe('cancelled');
    bench.simulator.script.clear();
    expect((await post(at(served), chat, chatBody())).status).toBe(200);
    served.signal('SIGTERM');
    const { status, stdout, stderr } = await served.finished;
    expect(status).toBe(0);
    expect(stderr).toBe('');
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.filter(({ end }) => end === 'client_gone')).toHaveLength(1);
    expect(lines.filter(({ level }) => Number(level) >= 50)).toEqual([]);
  });
});
