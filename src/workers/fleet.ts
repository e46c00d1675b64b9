import cluster, { type Worker } from 'node:cluster';
import { type GatewayLogger } from '../telemetry/logger';
import { Collector, type Giver } from './collector';
import { LineForwarder } from './line-forwarder';
import { type Order, type Report, reportIn } from './messages';

/** How a primary runs its workers. */
export interface FleetOptions {
  readonly workers: number;
  /** From the order to end until what is left is killed, milliseconds. */
  readonly endWithinMs: number;
  readonly logger: GatewayLogger;
}

/** Pauses before a worker that died at its start, or soon after, is started again; milliseconds. */
const [firstPauseMs, longestPauseMs] = [500, 30_000];
/** A worker that served for so long did not die of what it read at its start; milliseconds. */
const steadyAfterMs = 10_000;

interface Member extends Giver {
  readonly process: Worker;
  serving: { readonly url: string; readonly sinceMs: number } | undefined;
  /** Its successor is there or on its way. */
  replaced: boolean;
  /** Waits for this one to serve before it closes its door. */
  readonly predecessor: Member | undefined;
}

/** The processes behind one port: started, replaced when they die, ended together. The primary itself serves nothing. */
export class Fleet {
  private readonly members = new Map<number, Member>();
  private readonly collector = new Collector();
  private readonly pauses = new Set<NodeJS.Timeout>();
  private failuresInARow = 0;
  private ending = false;
  private failed = false;
  private deadline: NodeJS.Timeout | undefined;
  private onServing: ((url: string) => void) | undefined;
  private started = false;
  private onEnd: ((status: number) => void) | undefined;

  constructor(private readonly options: FleetOptions) {
    cluster.setupPrimary({ silent: true, args: process.argv.slice(2) });
  }

  /** Settles with the exit status when the last worker is gone: 0 when all ended well after they were told to. */
  readonly ended = new Promise<number>((resolve) => {
    this.onEnd = resolve;
  });

  /**
   * Starts one worker, and the others when it serves, so that a fault of the settings is told once.
   *
   * @returns the address, when all serve; undefined when they ended instead.
   */
  async start(): Promise<string | undefined> {
    const over = this.ended.then(() => undefined);
    this.fork();
    const url = await Promise.race([over, this.serving(1)]);
    this.started = true;
    if (this.ending || url === undefined) return undefined;
    const all = this.serving(this.options.workers);
    for (let one = 1; one < this.options.workers; one += 1) this.fork();
    return Promise.race([over, all]);
  }

  /** Ends all workers within their drain limit. */
  end(): void {
    if (this.ending) return;
    this.beginToEnd();
    this.tellAll({ kind: 'end' });
    if (this.members.size === 0) this.onEnd?.(0);
  }

  /** Ends them without waiting for running work. */
  hurry(): void {
    this.end();
    this.tellAll({ kind: 'hurry' });
  }

  reload(): void {
    this.tellAll({ kind: 'reload' });
  }

  /** Settles when so many have begun to serve. */
  private serving(count: number): Promise<string> {
    return new Promise((resolve) => {
      this.onServing = (url) => {
        if (this.serves().length >= count) resolve(url);
      };
    });
  }

  private serves(): readonly Member[] {
    return [...this.members.values()].filter((member) => member.serving !== undefined);
  }

  private beginToEnd(): void {
    this.ending = true;
    for (const pause of this.pauses) clearTimeout(pause);
    this.deadline = setTimeout(() => {
      this.failed = true;
      for (const { process: worker } of this.members.values()) worker.process.kill('SIGKILL');
    }, this.options.endWithinMs);
  }

  private tellAll(order: Order): void {
    for (const member of this.members.values()) member.send(order);
  }

  private fork(predecessor?: Member): void {
    const worker = cluster.fork();
    const member: Member = {
      id: worker.id,
      process: worker,
      serving: undefined,
      replaced: false,
      predecessor,
      send: (order) => {
        if (worker.isConnected()) worker.send(order, () => undefined);
      },
    };
    this.members.set(worker.id, member);
    LineForwarder.join(worker.process.stdout, {
      write: (lines) => {
        this.options.logger.pass(lines);
      },
    });
    LineForwarder.join(worker.process.stderr, process.stderr);
    // Without a listener a line that breaks would end the primary; its `exit` says what is needed.
    worker.on('error', () => undefined);
    worker.on('message', (message: unknown) => {
      const report = reportIn(message);
      if (report !== undefined) this.hear(member, report);
    });
    worker.on('exit', (code, signal) => {
      this.left(member, code, signal);
    });
  }

  private hear(member: Member, report: Report): void {
    switch (report.kind) {
      case 'serving':
        member.serving = { url: report.url, sinceMs: performance.now() };
        member.predecessor?.send({ kind: 'released' });
        this.onServing?.(report.url);
        return;
      case 'leaving':
        this.replace(member, 0);
        return;
      case 'collect':
        this.collector.collect(member, report.id, this.serves());
        return;
      case 'last':
        this.collector.last(member.id, report.text);
        return;
      case 'given':
        this.collector.given(member.id, report);
    }
  }

  private left(member: Member, code: number | null, signal: string | null): void {
    this.members.delete(member.id);
    this.collector.gone(member.id);
    if (this.ending || !this.started) {
      if (code !== 0) this.failed = true;
      if (this.members.size === 0) this.finish();
      return;
    }
    const pauseMs = member.replaced ? 0 : this.pauseAfter(member);
    this.options.logger.event('warn', 'a worker ended', {
      worker: member.id,
      status: code ?? undefined,
      signal: signal ?? undefined,
      nextInMs: member.replaced ? undefined : Math.round(pauseMs),
    });
    this.replace(member, pauseMs);
  }

  private pauseAfter({ serving }: Member): number {
    const servedMs = serving === undefined ? 0 : performance.now() - serving.sinceMs;
    this.failuresInARow = servedMs >= steadyAfterMs ? 0 : this.failuresInARow + 1;
    return this.failuresInARow === 0 ? 0 : pauseAfter(this.failuresInARow);
  }

  private replace(member: Member, pauseMs: number): void {
    if (member.replaced || this.ending) return;
    member.replaced = true;
    const pause = setTimeout(() => {
      this.pauses.delete(pause);
      this.fork(member);
    }, pauseMs);
    this.pauses.add(pause);
  }

  private finish(): void {
    clearTimeout(this.deadline);
    this.onEnd?.(this.failed ? 1 : 0);
  }
}

/** Doubles up to half a minute, with a random part so that many do not come back together. */
function pauseAfter(failures: number): number {
  return Math.min(longestPauseMs, firstPauseMs * 2 ** (failures - 1)) * (0.75 + Math.random() / 2);
}
