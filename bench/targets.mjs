/**
 * What is measured: each target is started against the mock of one workload and is then only an address and a process.
 * `direct` is the mock itself and the zero of added latency.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { request } from 'undici';
import { BenchProcess } from './processes.mjs';
import { BenchRedis } from './redis.mjs';
import { benchModel } from './workloads.mjs';

const here = import.meta.dirname;
const masterKey = 'sk-bench-0123456789abcdef';
const accountId = '00000000-0000-4000-8000-00000000be0c';

/** A free port of the loopback, for a program that cannot tell which one it took. */
function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/** A token of the right shape that nobody signed and no real service would take. */
function unsignedToken() {
  const part = (claims) => Buffer.from(JSON.stringify(claims)).toString('base64url');
  const nowSeconds = Math.floor(Date.now() / 1_000);
  const auth = { chatgpt_account_id: accountId, chatgpt_plan_type: 'plus', chatgpt_user_id: 'user-bench' };
  const claims = { iat: nowSeconds, exp: nowSeconds + 9 * 86_400, 'https://api.openai.com/auth': auth };
  return `${part({ alg: 'none', typ: 'JWT' })}.${part(claims)}.unsigned`;
}

async function writeLogin(file) {
  const token = unsignedToken();
  const tokens = { id_token: token, access_token: token, refresh_token: 'rt-bench', account_id: accountId };
  const login = { auth_mode: 'chatgpt', OPENAI_API_KEY: null, tokens, last_refresh: new Date().toISOString() };
  await writeFile(file, JSON.stringify(login), { mode: 0o600 });
}

async function startMock({ workload, folder }) {
  const args = [join(here, 'mock-codex.mjs'), workload.name];
  const started = await new BenchProcess({ name: 'mock', args, log: join(folder, 'mock.log') }).announced();
  return started;
}

function startBaseline(name, file) {
  return async ({ mock, folder, nodeFlags }) => {
    const args = [...nodeFlags, join(here, file), mock.origin];
    const started = new BenchProcess({ name, args, log: join(folder, `${name}.log`) });
    return await started.announced();
  };
}

/** A deployment on the default login, or on the login in `file`. */
function deployment(file) {
  const auth = file === undefined ? '' : `, auth_file: ${file}`;
  return `  - { model_name: ${benchModel}, litellm_params: { model: codex-oauth/${benchModel}${auth} } }\n`;
}

/** A gateway by a name of its own, with more in its environment, over one login or over as many as `accounts` says. */
function startGateway(name, { env = {}, accounts = 0 } = {}) {
  return async (stage) => {
    const home = join(stage.folder, name);
    await mkdir(home, { recursive: true });
    const files = Array.from({ length: accounts }, (_, index) => join(home, `account-${index}.json`));
    for (const file of files) await writeLogin(file);
    const deployments = accounts === 0 ? deployment() : files.map(deployment).join('');
    return await runGateway({ ...stage, name, home, deployments, env: typeof env === 'function' ? env(stage) : env });
  };
}

async function runGateway({ mock, entry, nodeFlags, folder, name, home, deployments, env }) {
  const [login, config, port] = [join(home, 'auth.json'), join(home, 'config.yaml'), await freePort()];
  await writeLogin(login);
  await writeFile(config, `model_list:\n${deployments}`);
  const gateway = new BenchProcess({
    name,
    args: [...nodeFlags, entry, '--config', config, '--host', '127.0.0.1', '--port', String(port)],
    log: join(folder, `${name}.log`),
    env: {
      HOME: home,
      CODEX_HOME: home,
      CODEX_AUTH_FILE: login,
      CODEX_BASE_URL: `${mock.origin}/backend-api/codex`,
      CODEX_REFRESH_TOKEN_URL_OVERRIDE: `${mock.origin}/oauth/token`,
      CODEX_INSTRUCTIONS_BASE_URL: `${mock.origin}/instructions`,
      CODEX_RELEASES_URL: `${mock.origin}/releases`,
      STATE_DIR: join(home, 'state'),
      LITELLM_MASTER_KEY: masterKey,
      ...env,
    },
  });
  const origin = `http://127.0.0.1:${port}`;
  return await gateway
    .answering(origin, () => isReady(origin))
    .catch(async (error) => {
      await gateway.stop();
      throw error;
    });
}

async function told(origin, path, body) {
  const { statusCode, body: reply } = await request(`${origin}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${masterKey}` },
    body: JSON.stringify(body),
  });
  const text = await reply.text();
  if (statusCode !== 200) throw new Error(`${path} answered ${statusCode}: ${text.slice(0, 200)}`);
  return JSON.parse(text);
}

/** Limits that are kept and never reached. */
const roomyBudget = { max_budget: 1_000_000, budget_duration: '30d' };
const roomyRates = { rpm_limit: 1_000_000_000, tpm_limit: 1_000_000_000_000, max_parallel_requests: 10_000 };

/**
 * A virtual key with limits of every kind and a budget, in a team with a budget, over Redis as the shared state; ledger,
 * metrics and access log are on in any case.
 */
async function startEverything(stage) {
  const redis = await BenchRedis.start(await freePort(), stage.folder);
  let gateway;
  try {
    const env = { REDIS_URL: redis.url, GATEWAY_SALT_KEY: 'a salt of the benchmark, 32 characters' };
    gateway = await startGateway('everything', { env })(stage);
    gateway.beside = redis;
    const team = await told(gateway.origin, '/team/new', { team_alias: 'bench', ...roomyBudget });
    const owned = { team_id: team.team_id, key_alias: 'bench', models: [benchModel] };
    const { key } = await told(gateway.origin, '/key/generate', { ...owned, ...roomyBudget, ...roomyRates });
    gateway.key = key;
    return gateway;
  } catch (error) {
    await gateway?.stop();
    await redis.stop();
    throw error;
  }
}

async function isReady(origin) {
  try {
    const { statusCode, body } = await request(`${origin}/health/readiness`);
    await body.dump();
    return statusCode === 200;
  } catch {
    return false;
  }
}

const starters = new Map([
  ['passthrough', startBaseline('passthrough', 'passthrough.mjs')],
  ['translator', startBaseline('translator', 'translator.mjs')],
  ['gateway', startGateway('gateway')],
]);

/** The gateway with less or more to do, for the workloads that compare the two. */
const variants = new Map([
  // Only a test may switch this off, so both processes believe to be in one: it makes Node and its libraries slower.
  ['observed', startGateway('observed', { env: { NODE_ENV: 'test' } })],
  ['unobserved', startGateway('unobserved', { env: { NODE_ENV: 'test', CODEX_GATEWAY_UNOBSERVED: '1' } })],
  ['traced', startGateway('traced', { env: ({ mock }) => ({ OTEL_EXPORTER_OTLP_ENDPOINT: `${mock.origin}/otlp` }) })],
  ['routed', startGateway('routed', { accounts: 20 })],
  ['everything', startEverything],
]);

/** The targets by name, in the order of the table. */
export const targetNames = [...starters.keys()];

/** The processes of one workload: its mock and the targets in front of it. */
export class Stage {
  #mock;
  targets = [];

  /**
   * Starts everything; on a failure what was started is ended again. `entry` is the gateway's main file, logs go to
   * `folder`, and Node runs every target with `nodeFlags`.
   */
  static async open({ workload, names, folder, entry, nodeFlags = [] }) {
    const stage = new Stage();
    await mkdir(folder, { recursive: true });
    try {
      stage.#mock = await startMock({ workload, folder });
      for (const name of names) {
        const running = await (starters.get(name) ?? variants.get(name))({
          mock: stage.#mock,
          folder,
          entry,
          nodeFlags,
        });
        stage.targets.push({ name, origin: running.origin, key: running.key ?? masterKey, process: running });
      }
    } catch (error) {
      await stage.close();
      throw error;
    }
    return stage;
  }

  /** The mock as a target. */
  get direct() {
    return { name: 'direct', origin: this.#mock.origin, key: masterKey, process: this.#mock };
  }

  /** Whether paced streams keep their pace, which they do from the start. */
  keepPace(isOn) {
    this.#mock.keepPace(isOn);
  }

  async close() {
    await Promise.all(this.targets.map(({ process }) => process.stop()));
    await Promise.all(this.targets.map(({ process }) => process.beside?.stop()));
    await this.#mock?.stop();
  }
}
