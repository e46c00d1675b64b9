import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigFault } from '../../src/config/config-fault';
import { type EnvSource } from '../../src/config/env.schema';
import { loadSettings } from '../../src/config/load-settings';
import { type Settings } from '../../src/config/settings';

/** A master key that nobody has published. */
export const strongKey = 'sk-0123456789abcdefghij';

/** Loads settings in a folder of its own, made anew for each test of the suite that owns this. */
export class SettingsFolder {
  cwd = '';

  constructor() {
    beforeEach(() => {
      this.cwd = mkdtempSync(join(tmpdir(), 'gateway-config-'));
    });
    afterEach(() => {
      rmSync(this.cwd, { recursive: true });
    });
  }

  readonly load = (env: EnvSource = {}, argv: readonly string[] = []): Settings =>
    loadSettings({ env, argv, cwd: this.cwd, homeDir: '/home/ada' });

  /** The same with a `config.yaml`. */
  readonly loadText = (text: string, env: EnvSource = {}, argv: readonly string[] = []): Settings => {
    writeFileSync(join(this.cwd, 'config.yaml'), text);
    return this.load(env, argv);
  };
}

/** What a start is refused for, as `place: message`. */
export function faultsIn(attempt: () => unknown): readonly string[] {
  try {
    attempt();
  } catch (error) {
    if (error instanceof ConfigFault) return error.faults.map(({ place, message }) => `${place}: ${message}`);
    throw error;
  }
  return [];
}

/** A file with one model. */
export const oneModel = (params: string, rest = ''): string =>
  `model_list:\n  - model_name: m\n    litellm_params: {${params}}\n${rest}`;
