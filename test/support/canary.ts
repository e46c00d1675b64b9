import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { post, type ReadAnswer, send } from './calls';
import { testKey } from './gateway';
import { HttpSink } from './http-sink';
import { type ProgramBench, type ProgramEnv, type Served } from './program';

/** Words of a client and of an answer that must be nowhere. */
export const prompt = 'canary-prompt: the grey heron counts to seventeen';
/** What an admin writes into the metadata of a key: for the key's document only. */
export const note = 'canary-note: this key is for the quiet heron';
const answerText = 'canary-answer: and the heron flew away';
const saltKey = 'canary-salt-key-0123456789abcdef-0123456789abcdef';
const webhookSecret = 'canary-webhook-secret-0123456789';
/** Of an `openai/` deployment. */
export const hostKey = 'sk-canary-of-another-host-0123456789';

const configOf = (simulator: string, file: string): string => `
codex_hooks: [./hook.cjs]
credential_list:
  - {credential_name: canary, credential_values: {auth_file: ${file}}}
litellm_settings: {num_retries: 0, callbacks: [webhook, otel]}
router_settings:
  fallbacks: [{other-host: [codex]}]
  disable_cooldowns: true
  quota_poll_seconds: 0
model_list:
  - {model_name: codex, litellm_params: {model: codex-oauth/gpt-5.5, litellm_credential_name: canary}}
  - {model_name: other-host, litellm_params: {model: openai/gpt-5, api_base: ${simulator}/openai/v1, api_key: ${hostKey}}}
`;

const hook = `exports.request = (request) => {
  if (JSON.stringify(request.input).includes('fail the hook')) JSON.parse(JSON.stringify(request.input).slice(0, -1));
  return request;
};`;

/** Each place and what was heard there. */
export type Heard = Readonly<Record<string, string>>;

/** A gateway that tells as much as it can, with somebody at every place that it tells something to. */
export class ListenedGateway {
  /** What errors of requests said that had nothing secret in them but their key. */
  readonly errors: string[] = [];
  /** The same of requests that had secrets and words where they do not belong; some are quoted to who wrote them. */
  readonly quotes: string[] = [];
  virtualKey = '';
  private readonly tokens = new Set<string>();

  private constructor(
    readonly bench: ProgramBench,
    readonly served: Served,
    private readonly place: { readonly login: string; readonly state: string },
    private readonly sinks: { readonly traces: HttpSink; readonly webhook: HttpSink },
  ) {}

  /** `name` tells the gateways of one bench apart: each has a login, a state and listeners of its own. */
  static async start(bench: ProgramBench, name: string, env: ProgramEnv): Promise<ListenedGateway> {
    const sinks = { traces: await HttpSink.start(), webhook: await HttpSink.start() };
    const place = { login: join(bench.folder, `login-${name}.json`), state: join(bench.folder, `state-${name}`) };
    bench.simulator.makeAuthFile(bench.folder, { fileName: `login-${name}.json` });
    bench.write('hook.cjs', hook);
    const config = bench.write(`config-${name}.yaml`, configOf(bench.simulator.url, place.login));
    const isQuiet = ['warn', 'error'].includes(env['LOG_LEVEL'] ?? '');
    const served = await (isQuiet ? bench.serveSilently.bind(bench) : bench.serve.bind(bench))(['--config', config], {
      STATE_DIR: place.state,
      CODEX_AUTH_FILE: place.login,
      GATEWAY_SALT_KEY: saltKey,
      WEBHOOK_URL: `${sinks.webhook.url}/hook`,
      WEBHOOK_SIGNING_SECRET: webhookSecret,
      OTEL_EXPORTER_OTLP_ENDPOINT: sinks.traces.url,
      NODE_ENV: 'test',
      CODEX_GATEWAY_TIMES: JSON.stringify({ firstEventMs: 300, idleMs: 300, redisCommandMs: 2_000 }),
      ...env,
    });
    const gateway = new ListenedGateway(bench, served, place, sinks);
    const { json } = await post(gateway.admin, '/key/generate', { key_alias: 'canary' });
    gateway.virtualKey = (json as { readonly key: string }).key;
    gateway.rememberTokens();
    return gateway;
  }

  /** Speaks with the master key. */
  get admin(): { readonly url: string; readonly key: string } {
    return { url: this.served.url, key: testKey };
  }

  get accessToken(): string {
    return this.login()['access_token'] ?? '';
  }

  /** Has the login renewed with the next call. */
  expireLogin(): void {
    this.rememberTokens();
    this.bench.simulator.tokens.expire(this.accessToken);
  }

  /** Asks as the holder of the virtual key, and keeps what an error said. */
  async ask(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<ReadAnswer> {
    const answer = await post({ url: this.served.url, key: this.virtualKey }, path, body, headers);
    if (answer.status !== 200) this.errors.push(answer.text);
    return answer;
  }

  /** The same with something in the request that does not belong there. */
  async slip(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<void> {
    this.quotes.push((await post({ url: this.served.url, key: this.virtualKey }, path, body, headers)).text);
  }

  /** Ends the gateway, so that all it holds back is told. @returns what every place heard. */
  async heard(): Promise<Heard> {
    const shown = async (path: string): Promise<string> => (await send(this.admin, path)).text;
    const [metrics, audit, spend] = [
      await shown('/metrics'),
      await shown('/audit?page_size=500'),
      await shown('/spend/logs'),
    ];
    const keys = (await shown('/key/list?return_full_object=true')) + (await shown('/account/list'));
    this.rememberTokens();
    this.served.signal('SIGTERM');
    const { stdout, stderr } = await this.served.finished;
    return {
      log: stdout + stderr,
      metrics,
      audit,
      spend,
      keys,
      errors: this.errors.join('\n'),
      quotes: this.quotes.join('\n'),
      traces: this.sinks.traces.received.join('\n'),
      webhook: this.sinks.webhook.received.join('\n'),
      files: filesIn(this.place.state),
    };
  }

  async close(): Promise<void> {
    await Promise.all([this.sinks.traces.close(), this.sinks.webhook.close()]);
  }

  /** Everything that must be nowhere, by name; every token that the login ever had. */
  canaries(): Readonly<Record<string, string>> {
    const tokens = [...this.tokens].map((token, index) => [`token ${index}`, token] as const);
    const { virtualKey } = this;
    return {
      prompt,
      note,
      answerText,
      saltKey,
      webhookSecret,
      hostKey,
      masterKey: testKey,
      virtualKey,
      ...Object.fromEntries(tokens),
    };
  }

  private rememberTokens(): void {
    for (const name of ['access_token', 'refresh_token', 'id_token']) this.tokens.add(this.login()[name] ?? '');
  }

  private login(): Readonly<Record<string, string>> {
    const { tokens } = JSON.parse(readFileSync(this.place.login, 'utf8')) as { tokens: Record<string, string> };
    return tokens;
  }
}

function filesIn(folder: string): string {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => `${path}\n${readFileSync(path, 'latin1')}`)
    .join('\n');
}

/** Fails at the first canary that sings, with what stands around it. @param except `name in place` that may be. */
export function expectSilence(gateway: ListenedGateway, heard: Heard, except: readonly string[] = []): void {
  for (const [name, canary] of Object.entries(gateway.canaries())) {
    expect(canary.length).toBeGreaterThan(15);
    for (const [place, text] of Object.entries(heard)) {
      if (except.includes(`${name} in ${place}`)) continue;
      const at = text.indexOf(canary);
      const around = at === -1 ? '' : text.slice(Math.max(0, at - 200), at + 20);
      expect(`${name} in ${place}: ${around}`).toBe(`${name} in ${place}: `);
    }
  }
}
