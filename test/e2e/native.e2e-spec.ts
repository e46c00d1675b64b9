import { gzipSync } from 'node:zlib';
import { compress, init } from '@bokuweb/zstd-wasm';
import { json, withHeaders } from '../simulator/answer';
import { compactedBlob, compaction, fixture, text } from '../simulator/answers';
import { type JsonObject, objectOf, objectsOf } from '../simulator/json';
import { type SeenRequest } from '../simulator/journal';
import { answerBytes, wholeAnswerNames } from '../support/answer-fixtures';
import { fixtureNames, type RecordedRequest, recordedRequest } from '../support/fixtures';
import { startBench, type TestBench } from '../support/gateway';

/** Whatever a CLI may be called: what it asks for by name goes through; slugs of no catalog come to gpt-5.5. */
const config = `
model_list:
  - model_name: my-model
    litellm_params: { model: codex-oauth/gpt-5.5 }
  - model_name: "*"
    litellm_params: { model: "codex-oauth/*" }
`;

const recordings = fixtureNames('.json').filter(
  (name) => /^(responses-http|compact|custom-provider|builtin)-/.test(name) && !/-chat-|-models-/.test(name),
);

/** Of the connection, the packing or the account: never forwarded, or replaced by ours. */
const ofTheHop = /^(host|content-length|content-encoding|content-type|accept|authorization|chatgpt-account-id)$/;

/** What a CLI's request must not carry to the upstream, though somebody sent it. */
const foreign = {
  cookie: 'session=secret',
  'x-forwarded-for': '10.0.0.7',
  'x-litellm-tags': 'team-a',
  'openai-organization': 'org-ours',
  'x-stainless-lang': 'js',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
};

describe('the native surface', () => {
  let bench: TestBench;

  beforeAll(async () => {
    await init();
    bench = await startBench({ config });
  });

  afterAll(async () => {
    await bench.close();
  });

  beforeEach(() => {
    bench.simulator.script.clear();
  });

  async function send(
    { url, headers, body }: Pick<RecordedRequest, 'url' | 'headers'> & { body: unknown },
    packed: { readonly bytes: string | Buffer; readonly encoding?: string } = { bytes: JSON.stringify(body) },
  ): Promise<{ readonly answer: Response; readonly told: string; readonly arrived: SeenRequest }> {
    const path = url.endsWith('/compact') ? 'responses/compact' : 'responses';
    const mark = bench.simulator.seen.length;
    const kept = Object.entries(headers).filter(([name]) => !ofTheHop.test(name));
    const answer = await fetch(`${bench.url}/backend-api/codex/${path}`, {
      method: 'POST',
      headers: {
        ...foreign,
        ...Object.fromEntries(kept),
        'content-type': 'application/json',
        authorization: `Bearer ${bench.key}`,
        'chatgpt-account-id': 'the-account-of-the-user',
        ...(packed.encoding === undefined ? {} : { 'content-encoding': packed.encoding }),
      },
      body: packed.bytes,
    });
    const told = await answer.text();
    const arrived = bench.simulator.seen.slice(mark).filter((seen) => seen.path === `/backend-api/codex/${path}`);
    const [only] = arrived;
    if (only === undefined || arrived.length > 1) throw new Error(`${arrived.length} calls arrived: ${told}`);
    return { answer, told, arrived: only };
  }

  describe.each(recordings)('given %s', (name) => {
    const recorded = recordedRequest(name);
    const isListed = ['gpt-5.5', 'gpt-6.1-sol', 'gpt-5.6-sol'].includes(String(recorded.body?.['model']));

    it('forwards body and identity as recorded, under our own login', async () => {
      const { answer, told, arrived } = await send(recorded);
      expect({ status: answer.status, told: answer.ok || told }).toEqual({ status: 200, told: true });
      const upstreamModel = isListed ? recorded.body?.['model'] : 'gpt-5.5';
      expect(arrived.body).toEqual({ ...recorded.body, model: upstreamModel });

      const expected = Object.entries(recorded.headers).filter(([header]) => !ofTheHop.test(header));
      const version = isListed ? (recorded.headers['version'] ?? '0.169.0') : '0.169.0';
      const identity = Object.entries(arrived.headers).filter(
        ([header]) => !/^(connection|host|content-length)$/.test(header),
      );
      expect(Object.fromEntries(identity)).toEqual({
        ...Object.fromEntries(expected),
        version,
        accept: recorded.url.endsWith('/compact') ? 'application/json' : 'text/event-stream',
        'content-type': 'application/json',
        authorization: expect.stringMatching(/^Bearer eyJ/) as string,
        'chatgpt-account-id': expect.not.stringContaining('the-account-of-the-user') as string,
      });
      expect(arrived.headers['authorization']).not.toContain(bench.key);
    });
  });

  it('has recordings of every release to stand for', () => {
    expect(recordings.length).toBeGreaterThanOrEqual(19);
  });

  const plain = recordedRequest('responses-http-0.169.0-gpt-5.5');

  it.each([
    ['zstd', (bytes: Buffer) => Buffer.from(compress(bytes, 3))],
    ['gzip', (bytes: Buffer) => gzipSync(bytes)],
  ])('unpacks a %s body and forwards its very bytes', async (encoding, pack) => {
    const bytes = Buffer.from(JSON.stringify(plain.body, null, 1));
    const { answer, arrived } = await send(plain, { bytes: pack(bytes), encoding });
    expect(answer.status).toBe(200);
    expect(arrived.rawBody.equals(bytes)).toBe(true);
    expect(arrived.headers['content-encoding']).toBeUndefined();
  });

  it('forwards fields, tools and item types that nobody here knows', async () => {
    const unknown = { type: 'item_of_2027', id: 'new_1', payload: { deep: [1, 2.5, null, 'ü'] } };
    const body = {
      ...plain.body,
      input: [...objectsOf(plain.body?.['input']), unknown],
      tools: [{ type: 'tool_of_2027', settings: { a: 1 } }],
      include: ['reasoning.encrypted_content', 'something.else'],
      client_metadata: { ...objectOf(plain.body?.['client_metadata']), new_key: 'new' },
    };
    const { answer, arrived } = await send({ ...plain, body });
    expect(answer.status).toBe(200);
    expect(arrived.body).toEqual(body);
  });

  it('lets the upstream be the judge of a parameter that nobody here knows', async () => {
    const refused = await send({ ...plain, body: { ...plain.body, parameter_of_2027: true } });
    expect(refused.arrived.body).toHaveProperty('parameter_of_2027', true);
    expect(refused.answer.status).toBe(400);
    expect(refused.told).toContain('Unsupported parameter: parameter_of_2027');
  });

  it.each(wholeAnswerNames)('tells the answer %s frame for frame, without what is the owner’s', async (name) => {
    bench.simulator.script.next(fixture(`synthetic-${name}.sse`));
    const { answer, told } = await send(plain);
    expect(answer.status).toBe(200);
    const owners = /^\{"type": ?"(codex\.|responsesapi\.|response\.metadata)/;
    const all = dataOf(answerBytes(name).toString('utf8'));
    expect(dataOf(told)).toEqual(all.filter((data) => !owners.test(data)));
    expect(told).not.toMatch(/codex\.rate_limits|used_percent/);
  });

  it('has an answer to leave something out of', () => {
    expect(dataOf(answerBytes('codex-metadata-frames').toString('utf8')).join()).toContain('codex.rate_limits');
  });

  it('keeps the owner’s limits, model and catalog tag to itself and passes the turn state', async () => {
    const headers = { 'x-codex-turn-state': 'state-of-this-turn', 'x-codex-bengalfox-primary-used-percent': '40' };
    bench.simulator.script.next(withHeaders(text('done'), headers));
    const { answer, told } = await send(plain);
    expect(answer.headers.get('x-codex-turn-state')).toBe('state-of-this-turn');
    const names = [...answer.headers.keys()].filter((name) =>
      /^(openai-|x-models|x-codex-|x-oai|cf-|content-enc)/.test(name),
    );
    expect(names).toEqual(['x-codex-turn-state']);
    expect(answer.headers.get('x-request-id')).toMatch(/^req_/);
    expect(told).not.toMatch(/rate_limits|used_percent|plan_type/);
  });

  it('answers a compaction in-band with exactly the one item', async () => {
    const blob = compactedBlob();
    bench.simulator.script.next(compaction(blob));
    const { arrived, told } = await send(recordedRequest('responses-http-0.169.0-compaction-v2'));
    expect(objectsOf(objectOf(arrived.body)['input']).at(-1)).toEqual({ type: 'compaction_trigger' });
    const done = eventsOf(told).filter(({ type }) => type === 'response.output_item.done');
    expect(done).toHaveLength(1);
    expect(done[0]?.['item']).toMatchObject({ type: 'compaction', encrypted_content: blob });
  });

  it('answers a compaction by route with the upstream’s JSON as it came', async () => {
    const output = [{ type: 'compaction', encrypted_content: compactedBlob() }];
    const came = JSON.stringify({ output, unknown: { kept: true } }, null, 2);
    bench.simulator.scripts.compact.next(json(200, came, { 'content-type': 'application/json' }));
    const { answer, told } = await send(recordedRequest('compact-http-0.120.0'));
    expect(answer.headers.get('content-type')).toContain('application/json');
    expect(told).toBe(came);
  });

  it('says who made a compaction by route, and what it cost', async () => {
    const usage = { input_tokens: 50_000, output_tokens: 3_000, total_tokens: 53_000 };
    bench.simulator.scripts.compact.next(json(200, { output: [], usage }));
    const { answer } = await send(recordedRequest('compact-http-0.120.0'));
    expect(answer.headers.get('x-litellm-attempted-retries')).toBe('0');
    expect(answer.headers.get('x-litellm-model-api-base')).toBe(bench.simulator.codexUrl);
    expect(Number(answer.headers.get('x-litellm-response-cost'))).toBeGreaterThan(0);
    expect(Number(answer.headers.get('x-litellm-response-duration-ms'))).toBeGreaterThan(0);
  });
});

/** Data of every frame, as text: what a client parses. */
function dataOf(stream: string): readonly string[] {
  return stream
    .split(/\r?\n\r?\n/)
    .map((frame) => frame.split(/\r?\n/).flatMap((line) => /^data: ?(.*)$/.exec(line)?.[1] ?? []))
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'));
}

function eventsOf(stream: string): readonly JsonObject[] {
  return dataOf(stream).map((data) => objectOf(JSON.parse(data)));
}
