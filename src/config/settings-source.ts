import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ConfigFault } from './config-fault';
import { errorCode } from '../kernel/error-code';
import { loadSettings, type StartConditions } from './load-settings';
import { type Settings } from './settings';

/** One look at the file: its text, and what tells this text from others. */
export interface FileLook {
  /** Undefined when the file cannot be read. */
  readonly text: string | undefined;
  /** SHA-256 of the text, else the code that says why there is none. */
  readonly digest: string;
}

/** Where settings come from, for as often as they are read: flags and environment of the start, and the file as it is now. */
export class SettingsSource {
  /**
   * @param conditions of the start.
   * @param adjust the last word, the same at every reading; tests change waits with it.
   */
  constructor(
    private readonly conditions: StartConditions,
    private readonly adjust: (settings: Settings) => Settings = (settings) => settings,
  ) {}

  /** @throws {ConfigFault} with every mistake. */
  read(): Settings {
    return this.adjust(loadSettings(this.conditions));
  }

  /** Settings out of a text that was looked at before, as it is in the file that the process runs with. */
  readFrom(path: string, { text, digest }: FileLook): Settings {
    const gone = new ConfigFault([{ place: path, message: `cannot be read any more (${digest})` }]);
    if (text === undefined) throw gone;
    const settings = loadSettings(this.conditions, (asked) => (asked === path ? text : undefined));
    // It vanished a moment after it was looked at: settings without a file would offer the whole catalog.
    if (settings.configFile !== path) throw gone;
    return this.adjust(settings);
  }
}

/** Never throws. */
export async function lookAt(path: string): Promise<FileLook> {
  try {
    const text = await readFile(path, 'utf8');
    return { text, digest: createHash('sha256').update(text).digest('hex') };
  } catch (error) {
    return { text: undefined, digest: errorCode(error) ?? 'unreadable' };
  }
}
