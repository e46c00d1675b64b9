import { locksAvailable, noLocksSentence } from '../auth/file-lock';
import { RefreshedAccessTokens } from '../auth/refreshed-access-tokens';
import { usedCredentials } from '../config/credentials';
import { loadSettings, type StartConditions } from '../config/load-settings';
import { type Settings } from '../config/settings';
import { testKnobs } from '../config/test-knobs';
import { type RunningGateway, startGateway } from '../gateway';
import { MasterKey } from '../keys/master-key';
import { RedisLink } from '../state/redis/redis-link';
import { GatewayLogger } from '../telemetry/logger';
import { loginWarnings } from './login-warnings';
import { redisWarnings } from './redis-warnings';

/** Serves until SIGTERM or SIGINT, then drains. @returns 0. @throws {ConfigFault} and what `startGateway` throws. */
export async function serve(conditions: StartConditions): Promise<number> {
  const settings = withTestTimes(loadSettings(conditions));
  const gateway = await startGateway(settings);
  await announce(gateway, settings);
  await endSignal();
  await gateway.stop();
  return 0;
}

function withTestTimes(settings: Settings): Settings {
  return { ...settings, times: { ...settings.times, ...testKnobs().times } };
}

async function announce({ app, url }: RunningGateway, settings: Settings): Promise<void> {
  const logger = app.get(GatewayLogger);
  for (const warning of settings.warnings) logger.warn(warning);
  if (!locksAvailable && usesLoginFile(settings)) logger.warn(noLocksSentence);
  for (const warning of await loginWarnings(app.get(RefreshedAccessTokens), settings)) logger.warn(warning);
  const { storedAt } = app.get(MasterKey);
  if (storedAt !== undefined)
    logger.warn(`No master key was given: the one in ${storedAt} is used. Clients send it as their API key.`);
  for (const warning of await redisWarnings(app.get<RedisLink | undefined>(RedisLink))) logger.warn(warning);
  logger.event('info', `listening on ${url}`, {
    config: settings.configFile ?? 'none',
    docs: `${url}/docs`,
    metrics: `${url}/metrics`,
  });
  logger.flush();
}

function usesLoginFile(settings: Settings): boolean {
  return usedCredentials(settings).some(({ source }) => source.kind === 'auth_file');
}

/** A second signal while draining ends the process at once, as people expect of Ctrl-C. */
function endSignal(): Promise<void> {
  return new Promise((resolve) => {
    const first = (): void => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.off(signal, first);
      resolve();
    };
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, first);
  });
}
