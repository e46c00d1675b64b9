import { type LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocsController } from './api/docs.controller';
import { openApiDocument } from './api/openapi';
import { AppModule } from './app.module';
import { SystemClock } from './config/system-clock';
import { loadHooks } from './config/hooks';
import { type Settings } from './config/settings';
import { createAdapter } from './http/fastify-adapter';
import { Lifecycle } from './http/lifecycle';
import { errorCode } from './kernel/error-code';
import { shuttingDown } from './kernel/errors';
import { RunningCalls } from './serving/running-calls';
import { GatewayLogger } from './telemetry/logger';
import { startTracing, type Tracing } from './telemetry/tracing/start-tracing';
import { gatewayVersion } from './upstream/gateway-version';

/** A serving gateway. */
export interface RunningGateway {
  readonly app: NestFastifyApplication;
  /** Where it listens, for example `http://127.0.0.1:4000`. */
  readonly url: string;
  /** Drains and closes: refuses new work, lets running work finish within the drain limit, ends the rest with an error. */
  readonly stop: () => Promise<void>;
}

/** Long enough for a client to be told, short against any grace period; milliseconds. */
const farewellMs = 2_000;

/** Builds the house from its settings and opens the door. @throws {Error} when a hook, the state folder or the port is unusable. */
export async function startGateway(settings: Settings): Promise<RunningGateway> {
  const tracing = await startTracing(settings.observability.traces, gatewayVersion());
  try {
    return await startTraced(settings, tracing);
  } catch (error) {
    await tracing?.stop();
    throw error;
  }
}

async function startTraced(settings: Settings, tracing: Tracing | undefined): Promise<RunningGateway> {
  const lifecycle = new Lifecycle();
  const hooks = await loadHooks(settings.hooks.map(({ path }) => path));
  const adapter = createAdapter(settings, { lifecycle, clock: new SystemClock(), tracer: tracing?.tracer });
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.of({ settings, hooks, lifecycle }), adapter, {
    bodyParser: false,
    // What goes wrong before the door is open is thrown, and told once by whoever started us.
    logger: false,
    abortOnError: false,
  });
  app.get(DocsController).publish(openApiDocument(app, gatewayVersion()));
  await open(app, settings.listen);
  app.useLogger(nestLogger(app.get(GatewayLogger)));
  const stopAll = async (): Promise<void> => {
    await stop(app, lifecycle, settings.times.drainMs);
    await tracing?.stop();
  };
  return { app, url: addressOf(app, settings.listen.host), stop: stopAll };
}

/** @throws {Error} that says what to change when the address cannot be used; everything is closed by then. */
async function open(app: NestFastifyApplication, { host, port }: Settings['listen']): Promise<void> {
  try {
    await app.listen(port, host);
  } catch (error) {
    await app.close();
    throw listenFault(error, `port ${port} of ${host}`);
  }
}

function listenFault(error: unknown, place: string): unknown {
  const code = errorCode(error);
  const reasons: ReadonlyMap<string | undefined, string> = new Map([
    ['EADDRINUSE', `${place} is in use: choose another with --port`],
    ['EACCES', `this user may not listen on ${place}: choose another with --port`],
    ['EADDRNOTAVAIL', `${place} is no address of this machine: choose another with --host`],
    ['ENOTFOUND', `${place} is no address of this machine: choose another with --host`],
  ]);
  const reason = reasons.get(code);
  return reason === undefined ? error : new Error(`${reason} (${code ?? ''})`, { cause: error });
}

/** Nest's own messages in our log; what it tells of every route is for those who debug. */
function nestLogger(logger: GatewayLogger): LoggerService {
  return {
    log: (message: unknown, context?: unknown) => { logger.debug(message, context); },
    verbose: (message: unknown, context?: unknown) => { logger.debug(message, context); },
    debug: (message: unknown, context?: unknown) => { logger.debug(message, context); },
    warn: (message: unknown, context?: unknown) => { logger.warn(message, context); },
    error: (message: unknown, ...rest: unknown[]) => { logger.error(message, ...rest); },
    fatal: (message: unknown, ...rest: unknown[]) => { logger.error(message, ...rest); },
  }; // prettier-ignore
}

async function stop(app: NestFastifyApplication, lifecycle: Lifecycle, drainMs: number): Promise<void> {
  lifecycle.drain();
  if (!(await within(drainMs, lifecycle.drained()))) {
    app.get(RunningCalls).endAll(shuttingDown(1_000));
    await within(farewellMs, lifecycle.drained());
    app.getHttpServer().closeAllConnections();
  }
  await app.close();
}

async function within(ms: number, work: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => {
      resolve(false);
    }, ms);
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The address a person can open: a wildcard host is shown as loopback. */
function addressOf(app: NestFastifyApplication, host: string): string {
  const address: unknown = app.getHttpServer().address();
  const port = typeof address === 'object' && address !== null && 'port' in address ? Number(address.port) : 0;
  const shown = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
  return `http://${shown}:${port}`;
}
