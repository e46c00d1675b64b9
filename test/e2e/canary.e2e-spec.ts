import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { json, type Reply } from '../simulator/answer';
import { faults } from '../simulator/faults';
import { post, send, type ReadAnswer } from '../support/calls';
import { testKey } from '../support/gateway';
import { HttpSink } from '../support/http-sink';
import { ProgramBench, type Served } from '../support/program';
import { describeWithRedis, RedisServer } from '../support/redis-server';

const prompt = 'canary-prompt: the grey heron counts to seventeen';
const answerText = 'canary-answer: and the heron flew away';
const saltKey = 'canary-salt-key-0123456789abcdef-0123456789abcdef';
const webhookSecret = 'canary-webhook-secret-0123456789';

/** Everything that must be nowhere, by name. */
type Canaries = Readonly<Record<string, string>>;

const chat = (more: Record<string, unknown> = {}) => ({
  model: 'gpt-5.5',
  messages: [{ role: 'user', content: prompt }],
  ...more,
});
const responses = (more: Record<string, unknown> = {}) => ({ model: 'gpt-5.5', input: prompt, ...more });
const native = {
  model: 'gpt-5.5',
  instructions: prompt,
  input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: prompt }] }],
  store: false,
  stream: true,
};

/** A gateway that tells as much as it can, with somebody at every place it tells something to. */
class Listened {
  readonly errors: string[] = [];
  private metrics = '';

  private constructor(
    readonly bench: ProgramBench,
    readonly served: Served,
    readonly sinks: { readonly traces: HttpSink; readonly webhook: HttpSink },
    readonly virtualKey: string,
  ) {}

  static async start(env: Readonly<Record<string, string>>): Promise<Listened> {
    const bench = await ProgramBench.start();
    const sinks = { traces: await HttpSink.start(), webhook: await HttpSink.start() };
    bench.write(
      'hook.cjs',
      `exports.request = (request) => {
        if (JSON.stringify(request.input).includes('fail the hook')) JSON.parse(JSON.stringify(request.input).slice(0, -1));
        return request;
      };`,
    );
    const config = bench.write(
      'config.yaml',
      'codex_hooks: [./hook.cjs]\nlitellm_settings: {num_retries: 0, callbacks: [webhook, otel]}\n',
    );
    const served = await bench.serve(['--config', config], {
      LOG_LEVEL: 'debug',
      GATEWAY_SALT_KEY: saltKey,
      WEBHOOK_URL: `${sinks.webhook.url}/hook`,
      WEBHOOK_SIGNING_SECRET: webhookSecret,
      OTEL_EXPORTER_OTLP_ENDPOINT: sinks.traces.url,
      NODE_ENV: 'test',
      CODEX_GATEWAY_TIMES: JSON.stringify({ firstEventMs: 300, idleMs: 300 }),
      ...env,
    });
    const made = await post({ url: served.url, key: testKey }, '/key/generate', { key_alias: 'canary' });
    const virtualKey = made.status === 404 ? testKey : (made.json as { key: string }).key;
    return new Listened(bench, served, sinks, virtualKey);
  }

  /** Asks, and keeps what an error said. */
  async ask(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<ReadAnswer> {
    const answer = await post({ url: this.served.url, key: this.virtualKey }, path, body, headers);
    if (answer.status !== 200) this.errors.push(answer.text);
    return answer;
  }

  /** Ends the gateway, so that all it holds back is told. @returns what every place heard. */
  async heard(): Promise<Readonly<Record<string, string>>> {
    this.metrics = (await send({ url: this.served.url, key: testKey }, '/metrics')).text;
    this.served.signal('SIGTERM');
    const { stdout, stderr } = await this.served.finished;
    return {
      log: stdout + stderr,
      metrics: this.metrics,
      errors: this.errors.join('\n'),
      traces: this.sinks.traces.received.join('\n'),
      webhook: this.sinks.webhook.received.join('\n'),
      files: filesIn(join(this.bench.folder, 'state')),
    };
  }

  async close(): Promise<void> {
    await this.bench.close();
    await Promise.all([this.sinks.traces.close(), this.sinks.webhook.close()]);
  }

  canaries(): Canaries {
    const { authorization = '' } =
      this.bench.simulator.seen.findLast(({ path }) => path.endsWith('/responses'))?.headers ?? {};
    const login = JSON.parse(readFileSync(join(this.bench.folder, 'auth.json'), 'utf8')) as {
      tokens: Record<string, string>;
    };
    return {
      prompt,
      answerText,
      saltKey,
      webhookSecret,
      masterKey: testKey,
      virtualKey: this.virtualKey,
      sentToken: authorization.replace('Bearer ', ''),
      accessToken: login.tokens['access_token'] ?? '',
      refreshToken: login.tokens['refresh_token'] ?? '',
      idToken: login.tokens['id_token'] ?? '',
    };
  }
}

function filesIn(folder: string): string {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => `${path}\n${readFileSync(path, 'latin1')}`)
    .join('\n');
}

/** Every way in which an upstream fails, and one that quotes what it was asked. */
const upstreamFaults: readonly (readonly [string, Reply])[] = [
  ...Object.entries(faults),
  [
    'quotes the prompt',
    json(400, { error: { message: `Bad prompt: ${prompt}`, code: 'invalid_prompt', type: prompt } }),
  ],
  ['quotes it in a detail', json(422, { detail: prompt })],
  ['quotes it in a code', json(500, { error: { message: 'Oops', code: prompt } })],
];

async function failEverywhere(listened: Listened): Promise<void> {
  const { simulator } = listened.bench;
  for (const [, fault] of upstreamFaults) {
    simulator.script.always(fault);
    await Promise.all([
      listened.ask('/v1/chat/completions', chat()),
      listened.ask('/v1/chat/completions', chat({ stream: true })),
      listened.ask('/v1/responses', responses({ stream: true })),
      listened.ask('/backend-api/codex/responses', native),
    ]);
    simulator.release();
  }
  simulator.script.clear();
}

/** What a client can do wrong with a secret or its words in hand. */
async function badInput(listened: Listened): Promise<void> {
  const { virtualKey } = listened;
  const login = listened.canaries();
  for (const model of [virtualKey, testKey, login['accessToken'] ?? '', prompt, `${prompt}\u001b[31m\n`]) {
    await listened.ask('/v1/chat/completions', chat({ model }));
  }
  const wrong: readonly unknown[] = [
    chat({ messages: prompt }),
    chat({ messages: [{ role: prompt, content: prompt }] }),
    chat({ temperature: prompt, tools: [{ type: prompt, function: { name: prompt } }] }),
    chat({ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: `data:${prompt}` } }] }] }),
    chat({ [prompt]: virtualKey, metadata: { key: testKey } }),
    responses({ previous_response_id: virtualKey }),
    responses({ input: 'fail the hook', instructions: prompt }),
    prompt,
  ];
  for (const body of wrong) {
    await listened.ask('/v1/chat/completions', body);
    await listened.ask('/v1/responses', body);
  }
  const raw = { method: 'POST', headers: { 'content-type': 'application/json' }, body: `{"model": ${prompt}` };
  const target = { url: listened.served.url, key: virtualKey };
  listened.errors.push((await send(target, '/v1/chat/completions', raw)).text);
  for (const path of [
    `/v1/${virtualKey}`,
    `/v1/models/${virtualKey}`,
    `/nowhere?key=${testKey}`,
    `/nowhere?q=${encodeURIComponent(prompt)}`,
  ]) {
    await send(target, path, { headers: { 'user-agent': `agent ${virtualKey}`, 'x-request-id': virtualKey } });
  }
  const { accessToken = '' } = login;
  for (const authorization of [`Bearer ${accessToken}`, `Bearer ${virtualKey}x`, `Basic ${virtualKey}`]) {
    await listened.ask('/v1/chat/completions', chat(), { authorization });
  }
}

function expectNoneOf(
  canaries: Canaries,
  heard: Readonly<Record<string, string>>,
  except: readonly string[] = [],
): void {
  for (const [name, canary] of Object.entries(canaries)) {
    expect(canary.length).toBeGreaterThan(15);
    for (const [place, text] of Object.entries(heard)) {
      if (except.includes(`${name} in ${place}`)) continue;
      const at = text.indexOf(canary);
      const around = at === -1 ? '' : text.slice(Math.max(0, at - 200), at + 20);
      expect(`${name} in ${place}: ${around}`).toBe(`${name} in ${place}: `);
    }
  }
}

describe('planted secrets and words', () => {
  let listened: Listened;

  beforeAll(async () => {
    listened = await Listened.start({});
  });
  afterAll(async () => {
    await listened.close();
  });

  it('are told to nobody, whatever goes wrong, at the loudest level', async () => {
    const { simulator } = listened.bench;
    expect((await listened.ask('/v1/chat/completions', chat())).status).toBe(200);
    const canaries = listened.canaries();
    await badInput(listened);
    await failEverywhere(listened);
    // A login that is renewed on the way leaves another set of tokens.
    simulator.tokens.expire(canaries['sentToken'] ?? '');
    await listened.ask('/v1/chat/completions', chat({ stream: true }));
    const later = listened.canaries();
    const heard = await listened.heard();
    for (const [place, text] of Object.entries(heard)) expect(`${place} ${text.length > 200}`).toBe(`${place} true`);
    // What a client wrote it may read again in its own error.
    const own = ['prompt in errors', 'virtualKey in errors', 'masterKey in errors', 'accessToken in errors'];
    expectNoneOf(canaries, heard, own);
    expectNoneOf(later, heard, own);
    for (const line of heard['log']?.split('\n').filter((each) => each.startsWith('{')) ?? []) {
      expect(() => JSON.parse(line) as unknown).not.toThrow();
    }
    expect(heard['log']).not.toMatch(/[\u001b\u009b]/);
  }, 180_000);
});

describeWithRedis('planted secrets and words in a shared state', () => {
  let redis: RedisServer;
  let listened: Listened;

  beforeAll(async () => {
    redis = await RedisServer.start();
    listened = await Listened.start({ REDIS_URL: redis.url });
  });
  afterAll(async () => {
    await listened.close();
    await redis.close();
  });

  it('are in no value of Redis', async () => {
    await listened.ask('/v1/chat/completions', chat());
    await listened.ask('/v1/responses', responses({ stream: true }));
    listened.bench.simulator.script.always(faults.failedServerError);
    await listened.ask('/v1/chat/completions', chat());
    const canaries = listened.canaries();
    const client = new Redis(redis.url);
    const values: string[] = [];
    try {
      for (const name of await client.keys('*')) values.push(name, (await client.dumpBuffer(name)).toString('latin1'));
    } finally {
      client.disconnect();
    }
    expect(values.length).toBeGreaterThan(4);
    expectNoneOf(canaries, { redis: values.join('\n') });
  });
});
