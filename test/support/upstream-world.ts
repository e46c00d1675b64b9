import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { GatewayConfigModule } from '../../src/config/config.module';
import { type Deployment } from '../../src/config/deployment';
import { ModelCatalog } from '../../src/models/model-catalog';
import { HooksModule } from '../../src/prompts/hooks.module';
import { OutboundModule } from '../../src/outbound/outbound.module';
import { type AnswerEvent } from '../../src/protocol/canonical/answer-event';
import { type CanonicalRequest, type JsonObject } from '../../src/protocol/canonical/canonical-request';
import { type CanonicalCall, Upstream, type UpstreamAnswer } from '../../src/upstream/upstream';
import { StateModule } from '../../src/state/state.module';
import { TelemetryModule } from '../../src/telemetry/telemetry.module';
import { UpstreamModule } from '../../src/upstream/upstream.module';
import { type SeenRequest } from '../simulator/journal';
import { type Simulator, startSimulator } from '../simulator/simulator';
import { codexDeployment, settingsFor, type SettingsChanges } from './settings-for';

/** The modules of the way out against a simulator, with one login on disk. */
export class UpstreamWorld {
  folder = '';
  authFile = '';
  accountId = '';
  bearer = '';
  private readonly apps: INestApplicationContext[] = [];

  private constructor(readonly simulator: Simulator) {}

  static async start(): Promise<UpstreamWorld> {
    return new UpstreamWorld(await startSimulator());
  }

  /** A fresh login and an empty journal. */
  reset(): void {
    this.simulator.reset();
    this.folder = mkdtempSync(join(tmpdir(), 'upstream-'));
    const made = this.simulator.makeAuthFile(this.folder);
    [this.authFile, this.accountId, this.bearer] = [made.path, made.login.accountId, made.bearer];
  }

  /** Ends what `started` made. */
  async tidy(): Promise<void> {
    await Promise.all(this.apps.splice(0).map((app) => app.close()));
    rmSync(this.folder, { recursive: true });
  }

  async started(changes?: SettingsChanges): Promise<{ upstream: Upstream; catalog: ModelCatalog }> {
    // Its own: suites run side by side, and a state folder belongs to one process.
    const rest = { stateDir: join(this.folder, 'state'), cacheDir: this.folder, ...changes?.rest };
    const settings = settingsFor(this.simulator.url, { ...changes, rest });
    const app = await Test.createTestingModule({
      imports: [
        GatewayConfigModule.register(settings),
        HooksModule.of([]),
        OutboundModule,
        StateModule,
        TelemetryModule,
        UpstreamModule,
      ],
    }).compile();
    this.apps.push(app);
    return { upstream: app.get(Upstream), catalog: app.get(ModelCatalog, { strict: false }) };
  }

  deployment(changes?: Partial<Deployment>): Deployment {
    return codexDeployment(this.simulator.url, this.authFile, changes);
  }

  /** The last request to any `/responses`. */
  get lastCall(): SeenRequest | undefined {
    return this.simulator.seen.findLast(({ path }) => path.endsWith('/responses'));
  }

  get lastBody(): JsonObject {
    return this.lastCall?.body as JsonObject;
  }
}

/** One user message in the inner language. */
export function asking(words: string, more: Partial<CanonicalRequest> = {}): CanonicalCall {
  const content = [{ type: 'input_text', text: words }];
  const request = { model: 'm', input: [{ type: 'message', role: 'user', content }], ...more };
  return { kind: 'canonical', fromCodexCli: false, isWire: false, request };
}

/** Reads an answer to its end. */
export async function eventsOf(answer: UpstreamAnswer): Promise<AnswerEvent[]> {
  const all: AnswerEvent[] = [];
  for (let events = await answer.next(); events !== undefined; events = await answer.next()) all.push(...events);
  return all;
}

/** A signal that never aborts. */
export const never = new AbortController().signal;
