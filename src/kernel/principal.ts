import { type Limits, type ScopeLimits } from './limits';
import { type PlainValues } from './plain-values';

/** What the holder of a key may do on the management routes. */
export type Role = 'proxy_admin' | 'proxy_admin_viewer' | 'internal_user' | 'internal_user_viewer';

/** A list of model names that somebody's calls are held to; every rule must allow a model. */
export interface ModelRule {
  readonly author: 'key' | 'team' | 'user';
  /** Names, access groups and wildcard patterns; `all-proxy-models` allows every one, an empty list none. */
  readonly models: readonly string[];
  /** What aliases among these names stand for, as the operator has them; each name as it is. Undefined: none is an alias. */
  readonly opened?: readonly string[];
}

/** What a key's calls may ask for, worked out from key, team and user when the key is looked up. */
export interface CallPolicy {
  /** Empty: every model. */
  readonly modelRules: readonly ModelRule[];
  /** Names that stand for others in this key's requests, applied before anything else. */
  readonly modelAliases: ReadonlyMap<string, string>;
  /** Answers every request, whatever model it names. */
  readonly forcedModel?: string;
  /** Highest reasoning effort; a request for more is lowered to it. */
  readonly maxEffort?: string;
  /** `forbidden` drops a requested tier; another value is set on every request. */
  readonly serviceTier?: 'forbidden' | 'default' | 'priority';
  /** Source networks in CIDR notation; undefined: from anywhere. */
  readonly networks?: readonly string[];
  /** Route groups (`llm_api_routes`, `management_routes`, `info_routes`) and paths, which may end in `/*`; undefined: as the role allows. */
  readonly allowedRoutes?: readonly string[];
  readonly disableFallbacks: boolean;
  /** Routing tags, and tags of the spend log. */
  readonly tags: readonly string[];
  readonly codexMode?: boolean;
  /** Prompts and answers of this key may be logged until then, Unix milliseconds. */
  readonly contentLoggingUntilMs?: number;
  /** Accounts or deployments this key or its team is held to; undefined: all. */
  readonly deployments?: readonly string[];
}

/** Who is asking: the holder of a key, as found by its digest. Never carries the key itself. */
export interface Principal {
  readonly kind: 'master' | 'virtual';
  readonly role: Role;
  /** SHA-256 of the key in lower-case hex; what logs and metrics show instead of the key. */
  readonly keyHash: string;
  readonly keyAlias?: string;
  readonly teamId?: string;
  readonly teamAlias?: string;
  readonly userId?: string;
  readonly userEmail?: string;
  /** What metadata of key and team says for labels of metrics that the operator made of metadata, by path. */
  readonly labelled?: PlainValues;
  /** Somebody other than the user knows the key: it is charged to the user, and acts as nobody. See `personOf`. */
  readonly isLent?: true;
  readonly policy: CallPolicy;
  /** Whom its requests are charged to, the key itself first. The master key is charged and never refused. */
  readonly scopes: readonly ScopeLimits[];
  /** Limits of single model groups, by scope; a request for such a group is entered in these books too. */
  readonly modelScopes: ReadonlyMap<string, readonly ScopeLimits[]>;
  /** Models that aliases of key and team stand for → those of these aliases that have limits of their own. Undefined: none has. */
  readonly limitedAliases?: ReadonlyMap<string, readonly string[]>;
  /** What a customer (end user) without limits of its own is held to. */
  readonly customerDefaults?: Limits;
}

/** Who acts when this key asks for something of a person: undefined for nobody's keys, and for those that others made for somebody. */
export function personOf({ userId, isLent }: Pick<Principal, 'userId' | 'isLent'>): string | undefined {
  return isLent === true ? undefined : userId;
}

/** Every model, every route the role allows, no changes. */
export const openPolicy: CallPolicy = {
  modelRules: [],
  modelAliases: new Map(),
  disableFallbacks: false,
  tags: [],
};
