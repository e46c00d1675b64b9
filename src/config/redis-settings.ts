import { type Fault } from './config-fault';
import { type Environment } from './env.schema';
import { type GatewayFile } from './gateway-file';
import { type RedisNode } from './redis-nodes';
import { type FileSections, type SettingsSources } from './settings-sources';

/** Where Redis is: one server, one server behind a unix socket, a Redis Cluster, or a master that Sentinels name. */
export type RedisPlace =
  | { readonly kind: 'server'; readonly node: RedisNode }
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'cluster'; readonly nodes: readonly RedisNode[] }
  | {
      readonly kind: 'sentinel';
      readonly sentinels: readonly RedisNode[];
      readonly masterName: string;
      readonly sentinelPassword: string | undefined;
    };

/** How to reach the shared state. Holds a password: never to be printed. */
export interface RedisSettings {
  readonly place: RedisPlace;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** Number of the logical database; 0 in a Cluster. */
  readonly db: number;
  readonly tls: boolean;
  /** Before every key and channel, so that several installations can share one Redis. Ends with its own separator. */
  readonly keyPrefix: string;
}

/** What the sources say of Redis, and the key that seals what is stored there. */
export interface RedisReading {
  readonly redis: RedisSettings | undefined;
  readonly saltKey: string | undefined;
  readonly faults: readonly Fault[];
  readonly warnings: readonly string[];
}

type Server = Omit<RedisSettings, 'keyPrefix'>;
interface Login {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly db?: number;
  readonly tls?: boolean;
}
type CacheParams = NonNullable<FileSections['litellm']['cache_params']>;

const standardPort = 6_379;
const standardPrefix = 'codex-gateway:';
const shortestSalt = 16;

/** The first source that names a server counts: environment, then `router_settings.redis_*`, then `cache_params`. */
export function readRedis(sources: SettingsSources, sections: FileSections, hasMasterKey: boolean): RedisReading {
  const { environment, file } = sources;
  const saltKey = environment.GATEWAY_SALT_KEY ?? environment.LITELLM_SALT_KEY;
  const named = fromEnvironment(environment) ?? fromRouter(sections, environment, file);
  const found = named ?? fromCache(sections, environment, file);
  if (found === undefined) return { redis: undefined, saltKey, faults: [], warnings: [] };
  const missing = [
    ...(hasMasterKey ? [] : [masterKeyMissing]),
    ...(saltKey === undefined ? [saltKeyMissing(named === undefined ? file : undefined)] : []),
  ];
  const warnings = saltKey !== undefined && saltKey.length < shortestSalt ? [shortSalt] : [];
  if ('message' in found) return { redis: undefined, saltKey, faults: [found, ...missing], warnings };
  const redis = { ...found, keyPrefix: prefixOf(environment, sections) };
  return { redis, saltKey, faults: missing, warnings };
}

const masterKeyMissing: Fault = {
  place: 'environment GATEWAY_MASTER_KEY',
  message:
    'is needed with Redis, because all replicas must know the same one; set it here or in general_settings.master_key',
};

/** @param cached file whose `cache_params` name the Redis: an operator who only wanted a cache has to hear of it. */
function saltKeyMissing(cached: GatewayFile | undefined): Fault {
  const whence =
    cached === undefined
      ? ''
      : `. Redis is named by ${placeIn(cached, 'litellm_settings', 'cache_params')}; with cache: false none is used`;
  return {
    place: 'environment GATEWAY_SALT_KEY',
    message: `is needed with Redis: it seals the logins that are stored there; use at least 32 random characters and keep it (LITELLM_SALT_KEY counts too)${whence}`,
  };
}
const shortSalt = `environment GATEWAY_SALT_KEY: is shorter than ${shortestSalt} characters, which is easy to guess`;

function fromEnvironment(environment: Environment): Server | Fault | undefined {
  const { REDIS_URL: url, REDIS_HOST: host, REDIS_PORT: port, REDIS_PASSWORD: password } = environment;
  if (url !== undefined) return fromUrl(url, 'environment REDIS_URL', password);
  const login = { username: environment.REDIS_USERNAME, password, tls: environment.REDIS_SSL === true };
  const place = manyOf(environment);
  if (place !== undefined) return 'message' in place ? place : { ...server(nowhere, login), place };
  if (host === undefined) return undefined;
  return checked({ host, port: port ?? standardPort }, login, 'environment REDIS_HOST');
}

/** A port behind the host would be looked up as a part of its name; an IPv6 address has more colons. */
function checked(node: RedisNode, login: Login, place: string): Server | Fault {
  if (!/^[^:]*:\d*$|^\[.*\]:\d*$/.test(node.host.trim())) return server(node, login);
  return { place, message: 'has a port behind the host, which belongs into a setting of its own' };
}

function manyOf(environment: Environment): RedisPlace | Fault | undefined {
  const { REDIS_CLUSTER_NODES: nodes, REDIS_SENTINEL_NODES: sentinels, REDIS_SERVICE_NAME: masterName } = environment;
  if (nodes !== undefined) return { kind: 'cluster', nodes };
  if (sentinels === undefined) return undefined;
  if (masterName === undefined)
    return { place: 'environment REDIS_SENTINEL_NODES', message: 'needs REDIS_SERVICE_NAME, the name of the master' };
  return { kind: 'sentinel', sentinels, masterName, sentinelPassword: environment.REDIS_SENTINEL_PASSWORD };
}

function fromRouter(
  { router }: FileSections,
  environment: Environment,
  file: GatewayFile | undefined,
): Server | Fault | undefined {
  const { redis_url: url, redis_host: host, redis_port: port, redis_db: db } = router;
  const password = router.redis_password ?? environment.REDIS_PASSWORD;
  if (filled(url)) return fromUrl(url, placeIn(file, 'router_settings', 'redis_url'), password);
  if (!filled(host)) return undefined;
  const node = { host, port: port ?? environment.REDIS_PORT ?? standardPort };
  const login = { password, db: db ?? 0, tls: router.redis_ssl === true };
  return checked(node, login, placeIn(file, 'router_settings', 'redis_host'));
}

/** Answers are not cached; but a `cache_params` that names a Redis is how many installations say where it is. */
function fromCache(
  { litellm }: FileSections,
  environment: Environment,
  file: GatewayFile | undefined,
): Server | Fault | undefined {
  const params = litellm.cache_params;
  if (params === undefined || params === null || litellm.cache === false || !isRedis(params)) return undefined;
  const written = placeIn(file, 'litellm_settings', 'cache_params');
  const login = cacheLogin(params, environment);
  const place = clusterOf(params) ?? sentinelOf(params, written);
  if (place !== undefined) return 'message' in place ? place : { ...server(nowhere, login), place };
  if (filled(params.url)) return fromUrl(params.url, written, login.password);
  const port = params.port ?? environment.REDIS_PORT ?? standardPort;
  return filled(params.host) ? checked({ host: params.host, port }, login, written) : undefined;
}

/** LiteLLM also knows `redis-semantic`, and caches elsewhere (`local`, `s3`, `disk`). */
function isRedis({ type }: CacheParams): boolean {
  return type === undefined || type === null || type.startsWith('redis');
}

function cacheLogin({ username, password, db, ssl }: CacheParams, { REDIS_PASSWORD }: Environment): Login {
  return { username: username ?? undefined, password: password ?? REDIS_PASSWORD, db: db ?? 0, tls: ssl === true };
}

const nowhere: RedisNode = { host: '', port: standardPort };

function clusterOf({ redis_startup_nodes: nodes }: CacheParams): RedisPlace | undefined {
  return nodes === undefined || nodes === null || nodes.length === 0 ? undefined : { kind: 'cluster', nodes };
}

function sentinelOf(params: CacheParams, place: string): RedisPlace | Fault | undefined {
  const { sentinel_nodes: sentinels, service_name: masterName } = params;
  if (sentinels === undefined || sentinels === null || sentinels.length === 0) return undefined;
  if (!filled(masterName))
    return { place, message: 'names sentinel_nodes but no service_name, the name of the master' };
  return { kind: 'sentinel', sentinels, masterName, sentinelPassword: params.sentinel_password ?? undefined };
}

/** `redis://`, `rediss://` (TLS) or `unix://`, with user, password and database where they usually stand. */
function fromUrl(text: string, place: string, otherPassword: string | undefined): Server | Fault {
  const message = 'must be redis://[user:password@]host[:port][/db], the same with rediss://, or unix:///path[?db=N]';
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : undefined;
  const login = url === undefined ? undefined : loginOf(url, otherPassword);
  if (url === undefined || login === undefined) return { place, message };
  if (url.protocol === 'unix:') {
    const path = plain(url.pathname) ?? '';
    return path.length < 2 ? { place, message } : { ...server(nowhere, login), place: { kind: 'socket', path } };
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const isRedis = url.protocol === 'redis:' || url.protocol === 'rediss:';
  if (host === '' || !isRedis) return { place, message };
  return server({ host, port: url.port === '' ? standardPort : Number(url.port) }, login);
}

/** Undefined when it cannot be understood with certainty. An empty user name means the default user. */
function loginOf(url: URL, otherPassword: string | undefined): Login | undefined {
  const [username, password] = [plain(url.username), plain(url.password)];
  const db = url.searchParams.get('db') ?? (url.protocol === 'unix:' ? '' : url.pathname.slice(1));
  if (username === undefined || password === undefined || !/^\d{0,4}$/.test(db)) return undefined;
  return {
    username: username === '' ? undefined : username,
    password: password === '' ? otherPassword : password,
    db: Number(db),
    tls: url.protocol === 'rediss:',
  };
}

/** Percent signs in passwords are often left unescaped. */
function plain(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function server(node: RedisNode, login: Login): Server {
  const { username, password, db = 0, tls = false } = login;
  return { place: { kind: 'server', node }, username, password, db, tls };
}

function prefixOf({ REDIS_KEY_PREFIX: prefix }: Environment, { litellm }: FileSections): string {
  const namespace = litellm.cache_params?.namespace;
  return prefix ?? (filled(namespace) ? `${namespace}:${standardPrefix}` : standardPrefix);
}

function placeIn(file: GatewayFile | undefined, section: string, key: string): string {
  return file?.placeOf([section, key]) ?? `${section}.${key}`;
}

function filled(text: string | null | undefined): text is string {
  return text !== undefined && text !== null && text.trim() !== '';
}
