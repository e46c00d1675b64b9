import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { JournalFile } from '../../state/journal/journal-file';
import { WriterLock } from '../../state/journal/writer-lock';
import { type AlertBody } from './alert-event';

/** One alert for one target, not yet delivered. */
export interface Delivery {
  readonly id: string;
  /** `AlertTarget.name`. */
  readonly target: string;
  readonly alert: AlertBody;
  /** Unix milliseconds. */
  readonly queuedMs: number;
}

/** What a process of before left behind. */
export interface JournalContent {
  readonly deliveries: readonly Delivery[];
  /** Keys that were told → until when. */
  readonly told: ReadonlyMap<string, number>;
}

const queuedLine = z.object({
  t: z.literal('queued'),
  id: z.string(),
  target: z.string(),
  alert: z.looseObject({ event: z.string(), event_id: z.string() }),
  queuedMs: z.number(),
});
const lineSchema = z.discriminatedUnion('t', [
  queuedLine,
  z.object({ t: z.literal('done'), id: z.string() }),
  z.object({ t: z.literal('told'), key: z.string(), untilMs: z.number() }),
]);

/** What is written; read back, every part of it is checked. */
type Line =
  | ({ readonly t: 'queued' } & Delivery)
  | { readonly t: 'done'; readonly id: string }
  | { readonly t: 'told'; readonly key: string; readonly untilMs: number };

/** Processes that may share a state folder: each needs a journal of its own. */
const slots = 32;
/** Dead lines are swept out after so many. */
const linesPerJournal = 2_000;
const nothing: JournalContent = { deliveries: [], told: new Map() };

/**
 * Alerts on disk, so that a restart delivers what was not delivered and repeats nothing. A process takes the first free
 * journal of the folder, which is the one that its predecessor left. Without a folder to write in everything stays in
 * memory.
 */
export class AlertJournal {
  private file: JournalFile | undefined;
  private lock: WriterLock | undefined;
  private lines = 0;
  private writing: Promise<void> = Promise.resolve();
  private readonly queued = new Map<string, Delivery>();
  private readonly told = new Map<string, number>();

  constructor(
    private readonly stateDir: string,
    private readonly nowMs: () => number,
  ) {}

  /** Takes a journal and reads it. @throws {Error} when the folder cannot be used or no journal is free. */
  async open(): Promise<JournalContent> {
    const folder = join(this.stateDir, 'alerts');
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (let slot = 0; slot < slots; slot += 1) {
      const lock = new WriterLock(join(folder, `${slot}.lock`));
      if (!(await lock.take())) continue;
      try {
        return await this.take(lock, new JournalFile(join(folder, `${slot}.jsonl`)));
      } catch (error) {
        lock.letGo();
        throw error;
      }
    }
    throw new Error('every alert journal is in use');
  }

  /** Settles when the delivery is on disk. */
  async keep(delivery: Delivery): Promise<void> {
    this.queued.set(delivery.id, delivery);
    await this.append({ t: 'queued', ...delivery });
  }

  /** The delivery is over, whichever way. */
  async drop(id: string): Promise<void> {
    if (this.queued.delete(id)) await this.append({ t: 'done', id });
  }

  /** The key is not told again before `untilMs`, also after a restart. */
  async tell(key: string, untilMs: number): Promise<void> {
    this.told.set(key, untilMs);
    await this.append({ t: 'told', key, untilMs });
  }

  async close(): Promise<void> {
    await this.writing;
    await this.file?.close();
    this.file = undefined;
    this.lock?.letGo();
    this.lock = undefined;
  }

  private async take(lock: WriterLock, file: JournalFile): Promise<JournalContent> {
    this.fold(await file.load().catch(() => []));
    await file.rewrite(this.content());
    this.lock = lock;
    this.file = file;
    return this.queued.size + this.told.size === 0
      ? nothing
      : { deliveries: [...this.queued.values()], told: new Map(this.told) };
  }

  /** A line that is none of ours is passed over: an alert is not worth a gateway that does not start. */
  private fold(lines: readonly unknown[]): void {
    for (const line of lines) {
      const { data } = lineSchema.safeParse(line);
      if (data === undefined) continue;
      if (data.t === 'done') this.queued.delete(data.id);
      else if (data.t === 'told') this.told.set(data.key, data.untilMs);
      else this.queued.set(data.id, deliveryOf(data));
    }
    this.forgetLapsed();
  }

  /** One after the other: a line must not come between the halves of a rewrite. */
  private append(line: Line): Promise<void> {
    const work = this.writing.then(() => this.write(line));
    this.writing = work.catch(() => undefined);
    return work;
  }

  private async write(line: Line): Promise<void> {
    if (this.file === undefined) return;
    await this.file.append(line);
    this.lines += 1;
    if (this.lines < linesPerJournal) return;
    this.lines = 0;
    this.forgetLapsed();
    await this.file.rewrite(this.content());
  }

  private content(): readonly Line[] {
    const told = [...this.told].map(([key, untilMs]): Line => ({ t: 'told', key, untilMs }));
    return [...told, ...[...this.queued.values()].map((delivery): Line => ({ t: 'queued', ...delivery }))];
  }

  private forgetLapsed(): void {
    const nowMs = this.nowMs();
    for (const [key, untilMs] of this.told) if (untilMs <= nowMs) this.told.delete(key);
  }
}

/** Written by us: the event decides what the other members are, and a receiver reads them, not we. */
function deliveryOf({ id, target, alert, queuedMs }: z.output<typeof queuedLine>): Delivery {
  return { id, target, alert: alert as unknown as AlertBody, queuedMs };
}
