import { join } from 'node:path';
import { type Fault } from './config-fault';
import { defaultCredential, readCredentials } from './credentials';
import { customerWarnings } from './customer-keys';
import { type Credential } from './deployment';
import { type Environment } from './env.schema';
import { absolutePath } from './file-paths';
import { environmentWarnings } from './environment-warnings';
import { readHookPaths } from './hook-paths';
import { drainOf, processFaults } from './process-settings';
import { readMoney } from './money-settings';
import { type MasterKeyReading, isLoopback, readMasterKey } from './master-key';
import { builtInCodexProviders } from './read-deployment';
import { keysWarnings, placesOfKeys, readKeys } from './keys-settings';
import { readLimits } from './limits-settings';
import { readObservability } from './observability-settings';
import { readRedis } from './redis-settings';
import { readRouting } from './routing-settings';
import { routingWarnings } from './routing-warnings';
import { leftOut, type ModelListReading, readModelList } from './read-model-list';
import { type Settings } from './settings';
import { type FileSections, sectionsOf, type SettingsSources } from './settings-sources';
import { defaultTimeLimits, type TimeLimits } from './time-limits';

/** Settings, unless there are faults; `unusable` names the deployments that were left out. */
export interface SettingsReading {
  readonly settings: Settings;
  readonly faults: readonly Fault[];
  readonly warnings: readonly string[];
  readonly unusable: ModelListReading['unusable'];
}

const defaultCodexBaseUrl = 'https://chatgpt.com/backend-api/codex';
const mebibyte = 1_048_576;

/** Merges flags, environment and file; flags win over the environment, the file's master key over the environment's. */
export function buildSettings(sources: SettingsSources): SettingsReading {
  const sections = sectionsOf(sources.file);
  const masterKey = masterKeyOf(sources, sections);
  const standard = defaultCredential(sources.environment, sources.places);
  const models = modelsOf(sources, sections, standard);
  const listen = listenOf(sources, masterKey);
  const hasMasterKey = masterKey.key !== undefined || masterKey.faults.length > 0;
  const { redis, saltKey, ...state } = readRedis(sources, sections, hasMasterKey);
  const hooks = readHookPaths(sources);
  const { observability, ...told } = readObservability(sources.environment, sections);
  const routed = { deployments: models.deployments, modelAliases: aliasesOf(sections), routing: readRouting(sections) };
  const money = readMoney(sources, sections, models.deployments);
  const warnings = [
    ...[sources.file, masterKey, models].flatMap((reading) => reading?.warnings ?? []),
    ...routingWarnings(routed, sources.file),
    ...environmentWarnings(sources.environment),
    ...customerWarnings(sections.general),
    ...keysWarnings(sections, sources.file),
    ...[state, told, money].flatMap((reading) => reading.warnings),
  ];
  const settings: Settings = {
    listen: { host: listen.host, port: listen.port },
    masterKey: masterKey.key,
    masterKeyIsExample: masterKey.isExample,
    keyHeaderName: sections.general.litellm_key_header_name?.toLowerCase(),
    ...foldersOf(sources),
    redis,
    saltKey,
    codex: codexOf(sources.environment, sections),
    defaultCredential: standard,
    ...routed,
    ...answersOf(sections),
    observability,
    metering: readLimits(sections, sources, redis !== undefined),
    ...money.settings,
    limits: bodyLimitsOf(sections),
    keys: readKeys(sections),
    keyPlaces: placesOfKeys(sources.file),
    times: timesOf(sources.environment, sections),
    hooks: hooks.modules,
    ...processOf(sources, sections),
    warnings,
  };
  const faults = [masterKey, listen, models, state, hooks, money].flatMap((reading) => reading.faults);
  faults.push(...processFaults(sources.environment, settings));
  return { settings, faults, warnings, unusable: models.unusable };
}

function masterKeyOf({ file, environment }: SettingsSources, { general }: FileSections): MasterKeyReading {
  const value = general.master_key;
  if (file === undefined || value === undefined || value === null) return readMasterKey(undefined, environment);
  return readMasterKey({ value, place: file.placeOf(['general_settings', 'master_key']) }, environment);
}

function listenOf(
  { environment, flags }: SettingsSources,
  masterKey: MasterKeyReading,
): { readonly host: string; readonly port: number; readonly faults: readonly Fault[] } {
  const chosen = flags.host ?? environment.HOST;
  const isClosed = masterKey.key === undefined || masterKey.isExample;
  const host = chosen ?? (isClosed ? '127.0.0.1' : '0.0.0.0');
  const message = 'opens the gateway to the network while the master key is a published example; set a key of your own';
  const place = flags.host === undefined ? 'environment HOST' : '--host';
  const faults = masterKey.isExample && !isLoopback(host) ? [{ place, message }] : [];
  return { host, port: flags.port ?? environment.PORT ?? 4_000, faults };
}

interface Models extends ModelListReading {
  readonly faults: readonly Fault[];
  readonly warnings: readonly string[];
}

function modelsOf(
  { file, environment, places }: SettingsSources,
  sections: FileSections,
  standard: Credential,
): Models {
  if (file === undefined) return { deployments: [], unusable: new Map(), faults: [], warnings: [] };
  const { book, faults } = readCredentials(sections.top.credential_list ?? [], standard, places, file.placeOf);
  const reading = readModelList(file, {
    credentials: book,
    places,
    codexBaseUrl: codexBaseUrlOf(environment),
    codexProviders: new Set([...builtInCodexProviders, ...mappedCodexProviders(sections)]),
  });
  const bad = [...reading.unusable.values()].flat();
  const nothingLeft = reading.deployments.length === 0 && reading.unusable.size > 0;
  // An empty list means "offer the whole catalog", which is not what somebody wrote who listed models.
  const isFatal = nothingLeft || ignoresInvalid(sections) === false;
  return { ...reading, faults: isFatal ? [...faults, ...bad] : faults, warnings: isFatal ? [] : leftOut(bad) };
}

function ignoresInvalid({ router, litellm, general }: FileSections): boolean | null | undefined {
  return router.ignore_invalid_deployments ?? litellm.ignore_invalid_deployments ?? general.ignore_invalid_deployments;
}

/** Names under which a LiteLLM installation knew the Codex handler. */
function mappedCodexProviders({ litellm }: FileSections): readonly string[] {
  return (litellm.custom_provider_map ?? []).flatMap((item) => {
    if (typeof item !== 'object' || item === null || !('provider' in item) || !('custom_handler' in item)) return [];
    const { provider, custom_handler: handler } = item;
    const isCodex = typeof handler === 'string' && /codex/i.test(handler);
    return isCodex && typeof provider === 'string' && provider !== 'openai' ? [provider.toLowerCase()] : [];
  });
}

function bodyLimitsOf({ general }: FileSections): Settings['limits'] {
  return {
    maxBodyBytes: general.max_request_size_mb ?? 32 * mebibyte,
    maxJsonDepth: 64,
    maxAnswerBytes: general.max_response_size_mb ?? undefined,
    maxImageBytes: 20 * mebibyte,
  };
}

function foldersOf({ environment, places }: SettingsSources): Pick<Settings, 'stateDir' | 'cacheDir'> {
  const stateDir = absolutePath(environment.STATE_DIR ?? '.codex-gateway', places.cwd, places.homeDir);
  const cacheDir = absolutePath(environment.CODEX_CACHE_DIR ?? join(stateDir, 'cache'), places.cwd, places.homeDir);
  return { stateDir, cacheDir };
}

function codexOf(environment: Environment, sections: FileSections): Settings['codex'] {
  return {
    baseUrl: codexBaseUrlOf(environment),
    originator: environment.CODEX_ORIGINATOR ?? 'codex_gateway',
    clientVersion: environment.CODEX_CLIENT_VERSION ?? '0.169.0',
    mode: environment.CODEX_MODE ?? true,
    refreshTokenUrl: environment.CODEX_REFRESH_TOKEN_URL_OVERRIDE ?? 'https://auth.openai.com/oauth/token',
    whoamiUrl: environment.CODEX_WHOAMI_URL ?? 'https://auth.openai.com/api/accounts/v1/user-auth-credential/whoami',
    instructionsBaseUrl: unslashed(
      environment.CODEX_INSTRUCTIONS_BASE_URL ?? 'https://raw.githubusercontent.com/openai/codex',
    ),
    releasesUrl: environment.CODEX_RELEASES_URL ?? 'https://api.github.com/repos/openai/codex/releases/latest',
    retiredModelFallback: retiredFallbackOf(sections) ?? 'gpt-5.5',
  };
}

function retiredFallbackOf({ top, general, litellm, router }: FileSections): string | undefined {
  const candidates = [top, general, litellm, router].map((section) => section.codex_retired_model_fallback);
  const written = candidates.find((model) => typeof model === 'string' && model !== '');
  return written?.replace(/^(codex-oauth|codex|chatgpt)\//, '');
}

function codexBaseUrlOf(environment: Environment): string {
  return unslashed(environment.CODEX_BASE_URL ?? environment.CHATGPT_API_BASE ?? defaultCodexBaseUrl);
}

function aliasesOf({ router, litellm }: FileSections): Settings['modelAliases'] {
  const written = { ...litellm.model_group_alias, ...router.model_group_alias };
  return new Map(
    Object.entries(written).map(([alias, target]) => [
      alias,
      typeof target === 'string'
        ? { model: target, hidden: false }
        : { model: target.model, hidden: target.hidden === true },
    ]),
  );
}

function answersOf({ litellm, general }: FileSections): Pick<Settings, 'dropParams' | 'alwaysIncludeStreamUsage'> {
  return {
    dropParams: litellm.drop_params !== false,
    alwaysIncludeStreamUsage: general.always_include_stream_usage === true,
  };
}

/** A short whole-call limit is meant for JSON answers; it does not cut streams, but a long one lengthens them. */
function timesOf(environment: Environment, { router, litellm }: FileSections): TimeLimits {
  const whole = router.timeout ?? litellm.request_timeout ?? defaultTimeLimits.wholeJsonMs;
  return {
    ...defaultTimeLimits,
    wholeJsonMs: whole,
    wholeStreamMs: Math.max(whole, defaultTimeLimits.wholeStreamMs),
    firstEventMs: router.stream_timeout ?? litellm.stream_timeout ?? defaultTimeLimits.firstEventMs,
    requestHeadersMs: environment.REQUEST_HEADERS_TIMEOUT_SECONDS ?? defaultTimeLimits.requestHeadersMs,
    requestBodyMs: environment.REQUEST_BODY_TIMEOUT_SECONDS ?? defaultTimeLimits.requestBodyMs,
    ...drainOf(environment),
  };
}

function processOf(
  sources: SettingsSources,
  { general }: FileSections,
): Pick<Settings, 'previousSaltKeys' | 'trustedProxyHops' | 'corsOrigins' | 'logLevel' | 'workers' | 'proxy'> {
  const { environment } = sources;
  return {
    previousSaltKeys: previousSaltKeysOf(environment),
    trustedProxyHops: environment.TRUSTED_PROXY_HOPS ?? (general.use_x_forwarded_for === true ? 1 : 0),
    corsOrigins: environment.LITELLM_CORS_ORIGINS ?? [],
    logLevel: logLevelOf(sources),
    workers: environment.NUM_WORKERS ?? 1,
    proxy: proxyOf(environment),
  };
}

function logLevelOf({ environment, flags }: SettingsSources): Settings['logLevel'] {
  if (flags.debug === true) return 'debug';
  return environment.LOG_LEVEL ?? environment.LITELLM_LOG ?? (environment.CODEX_DEBUG === true ? 'debug' : 'info');
}

function proxyOf(environment: Environment): Settings['proxy'] {
  return {
    http: environment.http_proxy ?? environment.HTTP_PROXY ?? '',
    https: environment.https_proxy ?? environment.HTTPS_PROXY ?? '',
    no: environment.no_proxy ?? environment.NO_PROXY ?? '',
  };
}

function unslashed(url: string): string {
  return url.replace(/\/+$/, '');
}

function previousSaltKeysOf({ GATEWAY_SALT_KEY_PREVIOUS: keys }: Environment): readonly string[] {
  return (keys ?? '').split(',').filter((key) => key !== '');
}
