import { type Deployment } from '../../src/config/deployment';
import { defaultObservability } from '../../src/config/observability-settings';
import { readPricing } from '../../src/config/pricing-settings';
import { type Settings } from '../../src/config/settings';
import { sectionsOf } from '../../src/config/settings-sources';
import { defaultRouting } from '../../src/config/routing-settings';
import { defaultTimeLimits, type TimeLimits } from '../../src/config/time-limits';

/** What a test wants to be different. */
export interface SettingsChanges {
  readonly times?: Partial<TimeLimits>;
  readonly codex?: Partial<Settings['codex']>;
  readonly rest?: Partial<Settings>;
}

/**
 * A folder that nobody can make, root neither: suites that would share one, side by side, could not write to it. Those that
 * keep anything name their own.
 */
const noFolder = '/dev/null/none';

/** Settings that lead every outbound call to one loopback server, laid out like the simulator. */
export function settingsFor(url: string, changes: SettingsChanges = {}): Settings {
  return {
    listen: { host: '127.0.0.1', port: 0 },
    masterKey: 'sk-test-master-key-0001',
    masterKeyIsExample: false,
    keyHeaderName: undefined,
    stateDir: noFolder,
    cacheDir: noFolder,
    redis: undefined,
    saltKey: undefined,
    keyPlaces: {},
    previousSaltKeys: [],
    codex: {
      baseUrl: `${url}/backend-api/codex`,
      originator: 'codex_gateway',
      clientVersion: '0.169.0',
      mode: true,
      refreshTokenUrl: `${url}/oauth/token`,
      whoamiUrl: `${url}/whoami`,
      instructionsBaseUrl: `${url}/raw`,
      releasesUrl: `${url}/releases/latest`,
      retiredModelFallback: 'gpt-5.5',
      ...changes.codex,
    },
    defaultCredential: { name: 'default', source: { kind: 'auth_file', path: '/nonexistent/auth.json' } },
    deployments: [],
    workers: 1,
    modelAliases: new Map(),
    dropParams: true,
    routing: { ...defaultRouting, numRetries: 0 },
    observability: defaultObservability,
    metering: {
      windowMs: 60_000,
      timeZone: 'UTC',
      replicas: 1,
      slotWaitMs: 0,
      ledger: { keptMs: 30 * 86_400_000, keptRows: 10_000, checkEveryMs: 3_600_000 },
      customerHeaders: [],
      tagHeaders: [],
      extrasRules: { needsCustomer: false, refusesTags: false, neededFields: [] },
      onClientDisconnect: 'drain',
    },
    pricing: readPricing(sectionsOf(undefined)),
    reports: { providerBudgets: new Map() },
    keys: {
      limitMode: 'enforce',
      auditRecords: 1_000,
      allowedNetworks: undefined,
      allowedRoutes: undefined,
      proxyLimits: {},
      defaultKeyParams: {},
      upperBounds: {},
      keyGeneration: {},
      defaultUserParams: {},
      internalUserBudget: {},
      defaultTeamParams: {},
      customerBudget: {},
      customerBudgetId: undefined,
      validatesAliases: false,
    },
    alerts: { targets: [], signingSecret: undefined, repeatMs: 86_400_000 },
    limits: { maxAnswerBytes: undefined, maxBodyBytes: 1 << 26, maxJsonDepth: 100, maxImageBytes: 1 << 24 },
    times: { ...defaultTimeLimits, ...changes.times },
    trustedProxyHops: 0,
    corsOrigins: [],
    alwaysIncludeStreamUsage: false,
    logLevel: 'silent',
    hooks: [],
    proxy: { http: '', https: '', no: '' },
    warnings: [],
    ...changes.rest,
  };
}

/** A deployment of the Codex backend at `url`, with the login of a file. */
export function codexDeployment(url: string, authFile: string, changes: Partial<Deployment> = {}): Deployment {
  return {
    id: 'test-deployment',
    modelGroup: 'gpt-5.5',
    provider: 'codex',
    upstreamModel: 'gpt-5.5',
    credential: { name: 'test', source: { kind: 'auth_file', path: authFile } },
    apiBase: `${url}/backend-api/codex`,
    defaults: {},
    modelInfo: {},
    ...changes,
  };
}
