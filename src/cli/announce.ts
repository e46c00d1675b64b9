import cluster from 'node:cluster';
import { locksAvailable, noLocksSentence } from '../auth/file-lock';
import { RefreshedAccessTokens } from '../auth/refreshed-access-tokens';
import { usedCredentials } from '../config/credentials';
import { type Settings } from '../config/settings';
import { type RunningGateway } from '../gateway';
import { MasterKey } from '../keys/master-key';
import { RedisLink } from '../state/redis/redis-link';
import { GatewayLogger } from '../telemetry/logger';
import { loginWarnings } from './login-warnings';
import { redisWarnings } from './redis-warnings';

/** Tells the operator once what a start should know, and where it listens (which a primary says for all its workers). */
export async function announce({ app, url, adminUrl }: RunningGateway, settings: Settings): Promise<void> {
  const logger = app.get(GatewayLogger);
  for (const warning of settings.warnings) logger.warn(warning);
  if (!locksAvailable && usesLoginFile(settings)) logger.warn(noLocksSentence);
  for (const warning of await loginWarnings(app.get(RefreshedAccessTokens), settings)) logger.warn(warning);
  const { storedAt } = app.get(MasterKey);
  if (storedAt !== undefined)
    logger.warn(`No master key was given: the one in ${storedAt} is used. Clients send it as their API key.`);
  for (const warning of await redisWarnings(app.get<RedisLink | undefined>(RedisLink))) logger.warn(warning);
  if (cluster.isPrimary) announceAddress(logger, url, settings, adminUrl);
  await logger.flush();
}

/** The last line of a start. @param adminUrl where the admin port listens, when that is known; else it is worked out. */
export function announceAddress(
  logger: GatewayLogger,
  url: string,
  settings: Settings,
  adminUrl = adminUrlBeside(url, settings),
): void {
  logger.event('info', `listening on ${url}`, {
    config: settings.configFile ?? 'none',
    docs: `${url}/docs`,
    admin: adminUrl,
    metrics: `${adminUrl ?? url}/metrics`,
    workers: settings.workers > 1 ? settings.workers : undefined,
  });
}

function adminUrlBeside(url: string, { observability }: Settings): string | undefined {
  if (observability.adminPort === undefined) return undefined;
  const beside = new URL(url);
  beside.port = String(observability.adminPort);
  return beside.origin;
}

function usesLoginFile(settings: Settings): boolean {
  return usedCredentials(settings).some(({ source }) => source.kind === 'auth_file');
}
