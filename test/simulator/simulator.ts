import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type Duplex } from 'node:stream';
import { Accounts } from './accounts';
import { type InstructionsPolicy, type MissingVersionPolicy } from './ask-rules';
import { type AuthFileOptions, makeAuthFile, type WrittenAuthFile } from './auth-file';
import { Catalog, fixturesFolder } from './catalog';
import { Gate } from './delivery';
import { DeviceLogins } from './device-logins';
import { converseOver, seenFrom } from './exchange';
import { type Counts, Journal, type SeenRequest } from './journal';
import { PromptFiles } from './prompt-host';
import { type Script } from './script';
import { emptyScripts, type Scripts, type Switches, type World } from './world';

/** What `startSimulator` can be told; everything has a default. */
export interface SimulatorOptions {
  /** Default 0: any free port. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default `required`. */
  readonly instructions?: InstructionsPolicy;
  /** Default `refuse`: without a `version` header every model is too new. */
  readonly missingVersion?: MissingVersionPolicy;
  /** Default true. */
  readonly metadataFrames?: boolean;
  /** Folder of the recordings; found by itself inside the repository. */
  readonly fixtures?: string;
}

/** A loopback stand-in for the Codex backend, its login service, a plain Responses host and a prompt file host. */
export class Simulator {
  /** Replies for the routes that can be scripted. */
  readonly scripts: Scripts = emptyScripts();
  /** Mints, expires and kills logins. */
  readonly tokens = new Accounts();
  /** Decides about logins with a device code. */
  readonly devices = new DeviceLogins();
  readonly catalog: Catalog;
  readonly prompts = new PromptFiles();
  /** May be changed at any time; `reset()` restores the options of the start. */
  readonly switches: Switches;
  private readonly journal = new Journal();
  private readonly gate = new Gate();
  private readonly server: Server;
  private readonly initial: Switches;

  constructor(options: SimulatorOptions) {
    const fixtures = options.fixtures ?? fixturesFolder();
    this.catalog = new Catalog(fixtures);
    this.initial = {
      instructions: options.instructions ?? 'required',
      missingVersion: options.missingVersion ?? 'refuse',
      metadataFrames: options.metadataFrames ?? true,
      openAiLacksResponses: false,
      openAiLacksCompact: false,
      sealsByAccount: false,
    };
    this.switches = { ...this.initial };
    const { tokens: accounts, devices, catalog, journal, prompts, scripts, switches } = this;
    const world: World = { accounts, devices, catalog, journal, prompts, scripts, switches, fixtures };
    this.server = createServer((request, response) => {
      // A request that cannot even be read ends like one that a crashing backend took with it.
      converseOver(world, this.gate, request, response).catch(() => response.destroy());
    });
    this.server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
      this.refuseUpgrade(request, socket);
    });
  }

  /** `http://127.0.0.1:<port>`, which answers whatever the host. */
  get url(): string {
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('The simulator is not listening.');
    return `http://127.0.0.1:${address.port}`;
  }

  /** Base of the Codex backend: `/responses` and `/models` lie below it. */
  get codexUrl(): string {
    return `${this.url}/backend-api/codex`;
  }

  /** The token endpoint. */
  get tokenUrl(): string {
    return `${this.url}/oauth/token`;
  }

  /** Base of the plain Responses host. */
  get openAiUrl(): string {
    return `${this.url}/openai/v1`;
  }

  /** Replies for `/responses` of the Codex backend. */
  get script(): Script {
    return this.scripts.responses;
  }

  /** Every request since the start or the last reset, in order of arrival. */
  get seen(): readonly SeenRequest[] {
    return this.journal.seen;
  }

  get counts(): Readonly<Counts> {
    return this.journal.counts;
  }

  /** How many scripted answers are held right now. */
  get held(): number {
    return this.gate.held;
  }

  /** Lets every held or stalled answer go on. */
  release(): void {
    this.gate.release();
  }

  /** @returns the first request that fits; waits until it arrives. It is recorded before it is answered. */
  waitForRequest(predicate: (seen: SeenRequest) => boolean): Promise<SeenRequest> {
    return this.journal.waitFor(predicate);
  }

  /** Mints a login whose tokens the simulator accepts and writes it as a login file. */
  makeAuthFile(folder: string, options?: AuthFileOptions): WrittenAuthFile {
    return makeAuthFile(this.tokens, folder, options);
  }

  /** Forgets requests, counts, scripts, logins and changed files; restores catalog and switches; releases what is held. */
  reset(): void {
    this.release();
    this.journal.reset();
    this.tokens.reset();
    this.devices.reset();
    this.catalog.restore();
    this.prompts.reset();
    Object.assign(this.switches, this.initial);
    for (const script of Object.values(this.scripts) as readonly Script[]) script.clear();
  }

  /** @throws {Error} when the port is taken. */
  async listen(port: number, host: string): Promise<void> {
    this.server.listen(port, host);
    await once(this.server, 'listening');
  }

  /** Ends every connection and the server. */
  async close(): Promise<void> {
    this.release();
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }

  private refuseUpgrade(request: IncomingMessage, socket: Duplex): void {
    const { seen, settle } = seenFrom(request, Buffer.alloc(0));
    this.journal.counts.upgrades += 1;
    this.journal.record(seen);
    socket.on('error', () => undefined);
    socket.end('HTTP/1.1 426 Upgrade Required\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
    settle('answered');
  }
}

/** Starts a simulator, on loopback unless a host is named. @throws {Error} when the port is taken. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = new Simulator(options);
  await simulator.listen(options.port ?? 0, options.host ?? '127.0.0.1');
  return simulator;
}
