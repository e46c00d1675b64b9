import { isDeepStrictEqual } from 'node:util';
import { type Settings } from './settings';

/** Called after a swap, with what is now in force. Must not throw and must not wait. */
export type SettingsListener = (now: Settings, before: Settings) => void;

/**
 * Port: news of settings that were read anew, for those who work something out of them at construction. Who reads
 * `SETTINGS` at each use needs no news: it always shows what is in force.
 */
export abstract class SettingsChanges {
  /** @returns ends the listening. */
  abstract onChange(listener: SettingsListener): () => void;
}

/** What a swap did, in the words of the operator's files and variables. */
export interface SettingsSwap {
  /** What is now different; empty when nothing is. */
  readonly changed: readonly string[];
  /** What differs in the file and stays as it was until the process starts anew. */
  readonly needsRestart: readonly string[];
  /** What listeners threw: bugs. The others were told all the same. */
  readonly failures: readonly unknown[];
}

/** Members that a running process cannot change, as the operator calls them. The rest of `Settings` is swapped whole. */
const fixed: ReadonlyMap<keyof Settings, string> = new Map<keyof Settings, string>([
  ['configFile', 'CONFIG_FILE_PATH'],
  ['listen', 'PORT, HOST'],
  ['masterKey', 'general_settings.master_key'],
  ['masterKeyIsExample', 'general_settings.master_key'],
  ['keyHeaderName', 'general_settings.litellm_key_header_name'],
  ['stateDir', 'STATE_DIR'],
  ['cacheDir', 'CODEX_CACHE_DIR'],
  ['redis', 'REDIS_*'],
  ['saltKey', 'GATEWAY_SALT_KEY'],
  ['previousSaltKeys', 'GATEWAY_SALT_KEY_PREVIOUS'],
  ['trustedProxyHops', 'TRUSTED_PROXY_HOPS'],
  ['corsOrigins', 'LITELLM_CORS_ORIGINS'],
  ['hooks', 'codex_hooks'],
  ['proxy', 'HTTPS_PROXY, HTTP_PROXY, NO_PROXY'],
  ['workers', 'NUM_WORKERS'],
  [
    'keys',
    'limit_mode, allowed_ips, allowed_routes, limits of the gateway, defaults and bounds of keys, teams, users and customers',
  ],
]);

/** What an operator calls the members that are swapped, where the name alone does not say it. */
const shown: ReadonlyMap<keyof Settings, string> = new Map<keyof Settings, string>([
  ['deployments', 'model_list'],
  ['modelAliases', 'model_group_alias'],
  ['dropParams', 'drop_params'],
  ['defaultCredential', 'the default login'],
  ['routing', 'router_settings'],
  ['metering', 'limits and budgets'],
  ['times', 'timeouts'],
  ['observability', 'metrics and callbacks'],
  ['codex', 'CODEX_* and codex_retired_model_fallback'],
]);

/** Said by the start, of no effect on what runs. */
const remarks: ReadonlySet<string> = new Set<keyof Settings>(['warnings', 'keyPlaces']);

/**
 * The settings in force, and their only owner. `live` is one object for the life of the process whose members always show
 * what is in force; a swap is one assignment, so nobody ever sees half of it.
 */
export class SettingsHolder extends SettingsChanges {
  /** What is injected as `SETTINGS`. A copy of it is a snapshot. */
  readonly live: Settings;
  private settings: Settings;
  private readonly listeners = new Set<SettingsListener>();

  constructor(settings: Settings) {
    super();
    this.settings = settings;
    const names = new Set([...Object.keys(settings), 'configFile']) as ReadonlySet<keyof Settings>;
    const getters = [...names].map((name) => [name, { enumerable: true, get: () => this.settings[name] }] as const);
    this.live = Object.defineProperties({}, Object.fromEntries(getters)) as Settings;
  }

  override onChange(listener: SettingsListener): () => void {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }

  /** Puts `next` in force as far as a running process can. Calls that are under way keep the deployment they have. */
  replace(next: Settings): SettingsSwap {
    const before = this.settings;
    const now = inForce(before, next);
    const changed = differing(before, now).map((name) => shown.get(name) ?? name);
    const needsRestart = new Set(differing(now, next).map((name) => fixed.get(name) ?? shown.get(name) ?? name));
    if (changed.length === 0) return { changed, needsRestart: [...needsRestart], failures: [] };
    this.settings = now;
    return { changed, needsRestart: [...needsRestart], failures: this.tell(now, before) };
  }

  private tell(now: Settings, before: Settings): readonly unknown[] {
    const failures: unknown[] = [];
    for (const listener of this.listeners) {
      try {
        listener(now, before);
      } catch (error) {
        failures.push(error);
      }
    }
    return failures;
  }
}

function inForce(before: Settings, next: Settings): Settings {
  const kept = Object.fromEntries(
    [...fixed.keys()].filter((name) => name in before).map((name) => [name, before[name]]),
  );
  return Object.freeze({
    ...next,
    ...kept,
    codex: merged(before.codex, next.codex, ['mode', 'retiredModelFallback']),
    // The other waits are part of connections, listeners and timers that exist already.
    times: merged(before.times, next.times, ['wholeJsonMs', 'wholeStreamMs', 'firstEventMs']),
    // The books count by the rest of it.
    metering: merged(before.metering, next.metering, [
      'customerHeaders',
      'tagHeaders',
      'extrasRules',
      'onClientDisconnect',
    ]),
    // A metric has its name and its labels for the life of its registry.
    observability: merged(before.observability, next.observability, [
      'requireAuthForMetrics',
      'callbacks',
      'mayLogContent',
    ]),
  });
}

/** `before` with these parts of `next`. */
function merged<T extends object>(before: T, next: T, parts: readonly (keyof T)[]): T {
  return Object.freeze({ ...before, ...Object.fromEntries(parts.map((part) => [part, next[part]])) });
}

function differing(a: Settings, b: Settings): readonly (keyof Settings)[] {
  const names = Object.keys({ ...a, ...b }) as (keyof Settings)[];
  return names.filter((name) => !remarks.has(name) && !isDeepStrictEqual(a[name], b[name]));
}
