import { customerHeadersOf } from './customer-keys';
import { absolutePath } from './file-paths';
import { type FileSections, type SettingsSources } from './settings-sources';

/** What holds every caller to its limits. Money is nano-dollars, time milliseconds. */
export interface LimitsSettings {
  /** One rate window, from its first request (`LITELLM_RATE_LIMIT_WINDOW_SIZE`). */
  readonly windowMs: number;
  /** IANA zone in which days, weeks and months of budgets begin (`timezone`). */
  readonly timeZone: string;
  /**
   * Processes that share the limits: while the state is away each may use this part of a rate (`REPLICA_COUNT`, each of which
   * has `NUM_WORKERS`).
   */
  readonly replicas: number;
  /** Longest wait for a parallel slot of a key, milliseconds; 0 refuses at once (`queue_timeout`, where the file has it). */
  readonly slotWaitMs: number;
  readonly ledger: LedgerSettings;
  /** Headers that may name the end user, lower case (`user_header_name`, `user_header_mappings`). */
  readonly customerHeaders: readonly string[];
  /** Headers whose values become tags, lower case (`extra_spend_tag_headers`). */
  readonly tagHeaders: readonly string[];
  /** What requests must and must not say of themselves. */
  readonly extrasRules: ExtrasRules;
  /** Whether an answer whose client hung up is read on for its usage, or cancelled at once (`on_client_disconnect`). */
  readonly onClientDisconnect: 'drain' | 'cancel';
}

/** What the operator asks of every request, at every door. */
export interface ExtrasRules {
  /** `enforce_user_param`. */
  readonly needsCustomer: boolean;
  /** `reject_clientside_metadata_tags`. */
  readonly refusesTags: boolean;
  /** Fields of the body, those of objects in it after a point (`enforced_params`). */
  readonly neededFields: readonly string[];
}

/** How much of the ledger is kept where it can be read at once; older rows go to the archive. */
export interface LedgerSettings {
  /** `maximum_spend_logs_retention_period`. */
  readonly keptMs: number;
  /** `maximum_spend_logs_rows`. */
  readonly keptRows: number;
  /** Between two looks for what is too old (`maximum_spend_logs_retention_interval`). */
  readonly checkEveryMs: number;
  /** Folder of JSON lines, absolute; undefined: `ledger-archive` in `STATE_DIR` (`spend_logs_archive_dir`). */
  readonly archiveDir?: string;
}

const defaultWindowMs = 60_000;
const dayMs = 86_400_000;
/** The reference's default is to keep all; a state that is held in memory has to end somewhere. */
const defaultKeptMs = 30 * dayMs;
const defaultCheckMs = 3_600_000;
/** A row takes about 0.6 KB in a process and 1.9 KB in Redis, its lists included. */
const defaultRows = { process: 200_000, redis: 2_000_000 } as const;

/** From `general_settings`, `litellm_settings` and the environment. */
export function readLimits(sections: FileSections, sources: SettingsSources, hasRedis: boolean): LimitsSettings {
  const { general, litellm, router } = sections;
  const { environment, places } = sources;
  const archiveDir = general.spend_logs_archive_dir;
  return {
    windowMs: environment.LITELLM_RATE_LIMIT_WINDOW_SIZE ?? defaultWindowMs,
    timeZone: litellm.timezone ?? general.timezone ?? 'UTC',
    replicas: processesOf(environment),
    slotWaitMs: router.queue_timeout ?? 0,
    ledger: {
      keptMs: general.maximum_spend_logs_retention_period ?? defaultKeptMs,
      keptRows: general.maximum_spend_logs_rows ?? (hasRedis ? defaultRows.redis : defaultRows.process),
      checkEveryMs: general.maximum_spend_logs_retention_interval ?? defaultCheckMs,
      ...(typeof archiveDir === 'string'
        ? { archiveDir: absolutePath(archiveDir, places.fileDir, places.homeDir) }
        : {}),
    },
    customerHeaders: customerHeadersOf(general),
    tagHeaders: tagHeadersOf(sections),
    extrasRules: extrasRulesOf(sections),
    onClientDisconnect: general.on_client_disconnect ?? 'drain',
  };
}

function processesOf({
  REPLICA_COUNT: replicas = 1,
  NUM_WORKERS: workers = 1,
}: SettingsSources['environment']): number {
  return replicas * workers;
}

function extrasRulesOf({ general }: FileSections): ExtrasRules {
  return {
    needsCustomer: general.enforce_user_param === true,
    refusesTags: general.reject_clientside_metadata_tags === true,
    neededFields: general.enforced_params ?? [],
  };
}

/** The header that carries keys here never becomes a tag, whatever it is called. */
function tagHeadersOf({ general, litellm }: FileSections): readonly string[] {
  const keyHeader = general.litellm_key_header_name?.toLowerCase();
  return [...new Set(litellm.extra_spend_tag_headers ?? [])].filter((name) => name !== keyHeader);
}
