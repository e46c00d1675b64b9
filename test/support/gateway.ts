import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import { loadSettings } from '../../src/config/load-settings';
import { type Settings } from '../../src/config/settings';
import { type TimeLimits } from '../../src/config/time-limits';
import { type RunningGateway, startGateway } from '../../src/gateway';
import { type Login } from '../simulator/accounts';
import { type Simulator, startSimulator } from '../simulator/simulator';

/** What a suite may change; everything has a default. */
export interface BenchOptions {
  /** Text of a `config.yaml`; without it the whole catalog of the default login is offered. */
  readonly config?: string | ((simulator: Simulator) => string);
  /** Names of further logins; each lies in `<name>.json` beside the configuration. */
  readonly accounts?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly times?: Partial<TimeLimits>;
}

/** A whole gateway over real sockets, in front of a simulator, with folders of its own. */
export interface TestBench {
  readonly simulator: Simulator;
  readonly gateway: RunningGateway;
  readonly url: string;
  readonly key: string;
  readonly folder: string;
  /** By name: the login of each of `accounts`, as the simulator knows it. */
  readonly logins: ReadonlyMap<string, Login>;
  /** The official SDK, its own retries off so that ours are seen. */
  readonly client: OpenAI;
  readonly close: () => Promise<void>;
}

export const testKey = 'sk-test-master-key-of-the-suite';

/** Starts simulator and gateway. Close it in `afterAll`. */
export async function startBench(options: BenchOptions = {}): Promise<TestBench> {
  const folder = mkdtempSync(join(tmpdir(), 'codex-gateway-e2e-'));
  const simulator = await startSimulator();
  simulator.makeAuthFile(folder, { fileName: 'auth.json' });
  const logins = new Map(
    (options.accounts ?? []).map((name) => [name, simulator.makeAuthFile(folder, { fileName: `${name}.json` }).login]),
  );
  const gateway = await startGateway(settingsOf(simulator, folder, options));
  const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: testKey, maxRetries: 0 });
  const close = async (): Promise<void> => {
    // Simulator first: a stalled answer must not hold the drain.
    await simulator.close();
    await gateway.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { simulator, gateway, url: gateway.url, key: testKey, folder, logins, client, close };
}

/** Settings as the program itself would read them, on any free port. */
export function settingsOf(simulator: Simulator, folder: string, { config, env, times }: BenchOptions): Settings {
  const argv = ['--port', '0', '--host', '127.0.0.1'];
  if (config !== undefined) {
    writeFileSync(join(folder, 'config.yaml'), typeof config === 'string' ? config : config(simulator));
    argv.push('--config', join(folder, 'config.yaml'));
  }
  const settings = loadSettings({
    env: {
      GATEWAY_MASTER_KEY: testKey,
      STATE_DIR: join(folder, 'state'),
      CODEX_AUTH_FILE: join(folder, 'auth.json'),
      CODEX_BASE_URL: simulator.codexUrl,
      CODEX_REFRESH_TOKEN_URL_OVERRIDE: simulator.tokenUrl,
      CODEX_WHOAMI_URL: `${simulator.url}/whoami`,
      CODEX_INSTRUCTIONS_BASE_URL: `${simulator.url}/raw`,
      CODEX_RELEASES_URL: `${simulator.url}/releases/latest`,
      LOG_LEVEL: 'silent',
      ...env,
    },
    argv,
    cwd: folder,
    homeDir: folder,
  });
  return { ...settings, times: { ...settings.times, drainMs: 2_000, ...times } };
}
