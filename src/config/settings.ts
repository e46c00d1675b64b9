import { type Credential, type Deployment } from './deployment';
import { type KeysSettings } from './keys-settings';
import { type LimitsSettings } from './limits-settings';
import { type ObservabilitySettings } from './observability-settings';
import { type MoneySettings } from './money-settings';
import { type RedisSettings } from './redis-settings';
import { type RoutingSettings } from './routing-settings';
import { type TimeLimits } from './time-limits';

/** An operator's extension, loaded from a module named in `codex_hooks`. */
export interface HookModule {
  readonly path: string;
}

/** Everything the process was told, read from the environment and `config.yaml`, at start and when the file changes; frozen. */
export interface Settings {
  /** The `config.yaml` that was read; undefined when there was none. */
  readonly configFile?: string;
  readonly listen: { readonly host: string; readonly port: number };
  /** Undefined only until `state/` has made one at first start without a key. */
  readonly masterKey: string | undefined;
  /** The key is one of the published example keys: loopback only, loud warning. */
  readonly masterKeyIsExample: boolean;
  /** Extra header that may carry the key (`litellm_key_header_name`), lower case. */
  readonly keyHeaderName: string | undefined;
  readonly stateDir: string;
  /** Files of the shared cache when there is no Redis. */
  readonly cacheDir: string;
  /** Undefined: state is this process's own, kept in `stateDir`. */
  readonly redis: RedisSettings | undefined;
  /** Seals logins at rest, in Redis and in `stateDir`; always there with Redis. Undefined: a key made in `stateDir`. */
  readonly saltKey: string | undefined;
  /** Salt keys of before: they open what they sealed, which is then sealed anew. */
  readonly previousSaltKeys: readonly string[];
  readonly codex: {
    readonly baseUrl: string;
    readonly originator: string;
    readonly clientVersion: string;
    /** `true`: official Codex instructions; `false`: the caller's own. */
    readonly mode: boolean;
    readonly refreshTokenUrl: string;
    readonly whoamiUrl: string;
    readonly instructionsBaseUrl: string;
    readonly releasesUrl: string;
    readonly retiredModelFallback: string;
  };
  /** The login used by deployments that name none. */
  readonly defaultCredential: Credential;
  /** Empty: every model of the default account's catalog is offered under its own name. */
  readonly deployments: readonly Deployment[];
  /** alias → model group; hidden aliases are not listed. */
  readonly modelAliases: ReadonlyMap<string, { readonly model: string; readonly hidden: boolean }>;
  /** `drop_params`: false refuses unsupported parameters with 400; anything else drops and lists them. */
  readonly dropParams: boolean;
  readonly routing: RoutingSettings;
  readonly metering: LimitsSettings;
  readonly keys: KeysSettings;
  /** Where the keys of `litellm_settings` stand in the file (`config.yaml:7 litellm_settings.max_budget`), for faults that are found later. */
  readonly keyPlaces: Readonly<Record<string, string>>;
  readonly observability: ObservabilitySettings;
  readonly pricing: MoneySettings['pricing'];
  readonly reports: MoneySettings['reports'];
  readonly alerts: MoneySettings['alerts'];
  readonly limits: {
    /** Bytes of a request body after decompression. */
    readonly maxBodyBytes: number;
    /** Of an answer in one piece; undefined for no limit (`max_response_size_mb`). */
    readonly maxAnswerBytes: number | undefined;
    readonly maxJsonDepth: number;
    readonly maxImageBytes: number;
  };
  readonly times: TimeLimits;
  readonly trustedProxyHops: number;
  /** Whose pages may call from a browser, `https://chat.example`; `*` is anybody's. Empty: nobody's. */
  readonly corsOrigins: readonly string[];
  readonly alwaysIncludeStreamUsage: boolean;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  readonly hooks: readonly HookModule[];
  /** Processes behind one port; more than one only with Redis. */
  readonly workers: number;
  /** Outbound proxy settings, already read; empty strings mean none. */
  readonly proxy: { readonly http: string; readonly https: string; readonly no: string };
  /** What was accepted but not understood, each with its place; printed at start and by `check-config`. */
  readonly warnings: readonly string[];
}
