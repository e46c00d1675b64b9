import { type LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocsController } from './api/docs.controller';
import { openApiDocument } from './api/openapi';
import { AppModule } from './app.module';
import { SystemClock } from './config/system-clock';
import { loadHooks } from './config/hooks';
import { type Settings } from './config/settings';
import { SettingsHolder } from './config/settings-holder';
import { type SettingsSource } from './config/settings-source';
import { Drain } from './drain';
import { AdminDoor } from './http/admin-door';
import { corsOptions } from './http/cors-options';
import { createAdapter } from './http/fastify-adapter';
import { Lifecycle } from './http/lifecycle';
import { errorCode } from './kernel/error-code';
import { ConfigReload } from './reload/config-reload';
import { astray } from './state/redis/connect-trouble';
import { type RedisHealth } from './state/redis/redis-health';
import { RedisLink } from './state/redis/redis-link';
import { redisWords } from './state/redis/redis-words';
import { StateUnavailable } from './state/state-unavailable';
import { GatewayMetrics } from './telemetry/gateway-metrics';
import { GatewayLogger } from './telemetry/logger';
import { deliveryTeller } from './telemetry/tracing/trace-deliveries';
import { startTracing, type Tracing } from './telemetry/tracing/start-tracing';
import { gatewayVersion } from './upstream/gateway-version';

/** A serving gateway. */
export interface RunningGateway {
  readonly app: NestFastifyApplication;
  /** Where it listens, for example `http://127.0.0.1:4000`. */
  readonly url: string;
  /** Where the admin port listens, when it is another. */
  readonly adminUrl: string | undefined;
  /** Drains and closes (see `Drain.stop`): refuses new work, lets running work finish within the drain limit, ends the rest with an error. */
  readonly stop: (handsOver?: boolean) => Promise<void>;
  /** The same without waiting for running work. */
  readonly hurry: () => Promise<void>;
  /** Reads the configuration file now and puts it in force if it is sound; never fails. */
  readonly reload: () => Promise<void>;
}

/**
 * Builds the house from its settings and opens the door.
 *
 * @param source where to read them anew when their file changes; undefined: they stay as they are.
 * @throws {Error} when a hook, the state folder, the shared state or the port is unusable.
 */
export async function startGateway(settings: Settings, source?: SettingsSource): Promise<RunningGateway> {
  const tracing = await startTracing(settings.observability.traces, gatewayVersion());
  try {
    return await startTraced(settings, source, tracing);
  } catch (error) {
    await tracing?.stop();
    throw error;
  }
}

async function startTraced(
  settings: Settings,
  source: SettingsSource | undefined,
  tracing: Tracing | undefined,
): Promise<RunningGateway> {
  const lifecycle = new Lifecycle();
  const hooks = await loadHooks(settings.hooks.map(({ path }) => path));
  const adapter = createAdapter(settings, { lifecycle, clock: new SystemClock(), tracer: tracing?.tracer });
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.of({ settings: new SettingsHolder(settings), source, hooks, lifecycle }),
    adapter,
    {
      bodyParser: false,
      // What goes wrong before the door is open is thrown, and told once by whoever started us.
      logger: false,
      abortOnError: false,
    },
  );
  tracing?.onDelivery(deliveryTeller(app.get(GatewayLogger), app.get(GatewayMetrics)));
  if (settings.corsOrigins.length > 0) app.enableCors(corsOptions(settings.corsOrigins));
  app.get(DocsController).publish(openApiDocument(app, gatewayVersion()));
  await refuseUnfitState(app);
  await open(app, settings.listen);
  const adminDoor = await openAdminDoor(app, settings);
  app.useLogger(nestLogger(app.get(GatewayLogger)));
  const drain = new Drain(app, lifecycle, settings.times);
  return {
    app,
    url: addressOf(app, settings.listen.host),
    adminUrl: adminDoor?.url,
    stop: async (handsOver) => {
      await drain.stop(handsOver);
      await adminDoor?.close();
      await tracing?.stop();
    },
    hurry: () => drain.hurry(),
    reload: () => app.get(ConfigReload).reload(true),
  };
}

/**
 * @throws {Error} when the shared state may forget budgets and logins, or its database cannot be chosen; a Redis that is away,
 *   or tells nobody, is asked no further.
 */
async function refuseUnfitState(app: NestFastifyApplication): Promise<void> {
  const link = app.get<RedisLink | undefined>(RedisLink);
  const fault = await link?.health().then(evictionFault, databaseFault);
  if (fault === undefined) return;
  await app.close();
  throw new Error(fault);
}

function evictionFault({ evictionPolicy: policy }: RedisHealth): string | undefined {
  if (policy === undefined || policy === 'noeviction') return undefined;
  return `Redis has maxmemory-policy ${policy}, under which it drops budgets, keys and logins when its memory is full: set it to noeviction in its configuration (or once: redis-cli CONFIG SET maxmemory-policy noeviction)`;
}

/** In the first database the keys of another installation may lie. */
function databaseFault(error: unknown): string | undefined {
  if (!(error instanceof StateUnavailable) || error.replyCode !== astray) return undefined;
  const { meaning, advice } = redisWords(astray);
  return `Redis refuses SELECT, ${meaning}: ${advice}`;
}

/** @throws {Error} that says what to change when the address cannot be used; everything is closed by then. */
async function open(app: NestFastifyApplication, { host, port }: Settings['listen']): Promise<void> {
  try {
    await app.listen(port, host);
  } catch (error) {
    await app.close();
    throw listenFault(error, `port ${port} of ${host}`, 'choose another with --port');
  }
}

/** @throws {Error} as above. */
async function openAdminDoor(app: NestFastifyApplication, settings: Settings): Promise<AdminDoor | undefined> {
  const { adminPort: port } = settings.observability;
  if (port === undefined) return undefined;
  const { host } = settings.listen;
  try {
    const main = app.getHttpAdapter().getInstance();
    return await AdminDoor.open(main, { host, port, settings, clock: new SystemClock() });
  } catch (error) {
    await app.close();
    throw listenFault(error, `port ${port} of ${host}`, 'choose another ADMIN_PORT');
  }
}

function listenFault(error: unknown, place: string, cure: string): unknown {
  const code = errorCode(error);
  const reasons: ReadonlyMap<string | undefined, string> = new Map([
    ['EADDRINUSE', `${place} is in use: ${cure}`],
    ['EACCES', `this user may not listen on ${place}: ${cure}`],
    ['EADDRNOTAVAIL', `${place} is no address of this machine: choose another with --host`],
    ['ENOTFOUND', `${place} is no address of this machine: choose another with --host`],
  ]);
  const reason = reasons.get(code);
  return reason === undefined ? error : new Error(`${reason} (${code ?? ''})`, { cause: error });
}

/** Nest's own messages in our log; what it tells of every route is for those who debug. */
function nestLogger(logger: GatewayLogger): LoggerService {
  return {
    log: (message: unknown, context?: unknown) => {
      logger.debug(message, context);
    },
    verbose: (message: unknown, context?: unknown) => {
      logger.debug(message, context);
    },
    debug: (message: unknown, context?: unknown) => {
      logger.debug(message, context);
    },
    warn: (message: unknown, context?: unknown) => {
      logger.warn(message, context);
    },
    error: (message: unknown, ...rest: unknown[]) => {
      logger.error(message, ...rest);
    },
    fatal: (message: unknown, ...rest: unknown[]) => {
      logger.error(message, ...rest);
    },
  };
}

/** The address a person can open: a wildcard host is shown as loopback. */
function addressOf(app: NestFastifyApplication, host: string): string {
  const address: unknown = app.getHttpServer().address();
  const port = typeof address === 'object' && address !== null && 'port' in address ? Number(address.port) : 0;
  const shown = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
  return `http://${shown}:${port}`;
}
