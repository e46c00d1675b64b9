import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Controller, Get, Global, Module, Post, Req, Res } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { GatewayConfigModule } from '../../src/config/config.module';
import { SystemClock } from '../../src/config/system-clock';
import { HealthController } from '../../src/health/health.controller';
import { LoginsHealth } from '../../src/health/logins-health';
import { StateFolder } from '../../src/health/state-folder';
import { GatewayError } from '../../src/kernel/errors';
import { KeysModule } from '../../src/keys/keys.module';
import { Public } from '../../src/keys/public.decorator';
import { Bookkeeper } from '../../src/metering/bookkeeper';
import { LastComparison } from '../../src/metering/keeping/last-comparison';
import { Meter } from '../../src/metering/meter';
import { MetricsModule } from '../../src/metrics/metrics.module';
import { StateModule } from '../../src/state/state.module';
import { TelemetryModule } from '../../src/telemetry/telemetry.module';
import { settingsFor } from './settings-for';
import { readJsonBody } from '../../src/http/body-reader';
import { callContextOf } from '../../src/http/call-context';
import { createAdapter } from '../../src/http/fastify-adapter';
import { ModelGroups } from '../../src/routing/model-groups';
import { HttpModule } from '../../src/http/http.module';
import { Lifecycle } from '../../src/http/lifecycle';
import { RawEventStream } from '../../src/http/raw-event-stream';

export const secret = 'sk-edge-spec-0123456789abcdef';
export const authorization = `Bearer ${secret}`;
export const json = { authorization, 'content-type': 'application/json' };
/** Of `/large`: more than the buffers of the system take. */
export const largeBytes = 64 * 1024 * 1024;
export const stalledReaderMs = 400;

let opened: (stream: RawEventStream) => void = () => undefined;
/** The stream of the next call of `/v1/stream`. */
export const nextStream = () => new Promise<RawEventStream>((resolve) => (opened = resolve));

@Controller()
class DoorController {
  @Post('v1/echo')
  async echo(@Req() request: FastifyRequest): Promise<unknown> {
    const { json: body } = await readJsonBody(request, { maxBytes: 50_000, maxDepth: 8, timeoutMs: 300 });
    return { body, holder: callContextOf(request).principal?.kind };
  }

  @Post('backend-api/codex/fail')
  fail(): never {
    throw new GatewayError({ status: 502, type: 'bad_gateway', code: 'server_error', message: 'down' });
  }

  @Get('v1/bug')
  bug(): never {
    throw new Error(`leaks ${secret}`);
  }

  @Get('v1/broken-stream')
  breakOff(@Res() reply: FastifyReply): never {
    new RawEventStream(reply, { keepAliveFrame: ':\n\n', keepAliveMs: 9_000, stalledReaderMs: 9_000 }).commit({});
    throw new Error('a bug');
  }

  @Public()
  @Get('open')
  open(@Req() request: FastifyRequest): unknown {
    return { ip: request.ip };
  }

  @Public()
  @Get('large')
  large(): unknown {
    return { text: 'x'.repeat(largeBytes) };
  }

  @Public()
  @Get('large-bytes')
  largeBytes(): Buffer {
    return Buffer.alloc(largeBytes, 'x');
  }

  @Public()
  @Get('large-file')
  async largeFile(@Res() reply: FastifyReply): Promise<void> {
    await reply.send(Readable.from([Buffer.alloc(largeBytes, 'x')]));
  }

  @Get('v1/stream')
  stream(@Res() reply: FastifyReply): void {
    opened(new RawEventStream(reply, { keepAliveFrame: ':\n\n', keepAliveMs: 9_000, stalledReaderMs: 9_000 }));
  }
}

/** The probes as a gateway without logins shows them. */
const noLogins = { cache: null, stateSilentMs: 0, degradations: () => [], unusableCredentials: () => new Set() };

@Module({
  controllers: [DoorController, HealthController],
  providers: [
    { provide: LoginsHealth, useValue: noLogins },
    { provide: ModelGroups, useValue: { table: { accessGroupsOf: () => new Set() } } },
    { provide: StateFolder, useValue: { look: () => Promise.resolve('open') } },
  ],
})
class DoorModule {}

/** Books that can be written, as those who watch them see it. */
@Global()
@Module({
  providers: [
    { provide: Meter, useValue: { health: { isUp: true } } },
    { provide: Bookkeeper, useValue: { limits: () => Promise.resolve([]) } },
    { provide: LastComparison, useValue: { leftWrong: () => Promise.resolve(undefined) } },
  ],
  exports: [Meter, Bookkeeper, LastComparison],
})
class BooksModule {}

/** A process with the whole edge. */
export interface EdgeDoor {
  readonly app: NestFastifyApplication;
  readonly lifecycle: Lifecycle;
  readonly port: number;
  readonly url: string;
  close(): Promise<void>;
}

/** Listens with the whole edge and a few doors behind it. */
export async function listen(): Promise<EdgeDoor> {
  const folder = mkdtempSync(join(tmpdir(), 'edge-'));
  const settings = settingsFor('http://127.0.0.1:9', {
    times: { requestHeadersMs: 400, requestBodyMs: 600, stalledReaderMs },
    rest: { masterKey: secret, stateDir: folder },
  });
  const lifecycle = new Lifecycle();
  const root = {
    module: DoorModule,
    imports: [
      GatewayConfigModule.register(settings),
      TelemetryModule,
      HttpModule.forLifecycle(lifecycle),
      StateModule,
      BooksModule,
      KeysModule,
      MetricsModule,
    ],
  };
  const adapter = createAdapter(settings, { lifecycle, clock: new SystemClock() });
  const app = await NestFactory.create<NestFastifyApplication>(root, adapter, { bodyParser: false, logger: false });
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  const close = async (): Promise<void> => {
    app.getHttpServer().closeAllConnections();
    await app.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { app, lifecycle, port, url: `http://127.0.0.1:${port}`, close };
}
