import { type Order, type Report } from './messages';

/** A worker, as far as collecting needs it. */
export interface Giver {
  readonly id: number;
  send(order: Order): void;
}

interface Collection {
  readonly asker: Giver;
  readonly askedAs: number;
  readonly awaited: Set<number>;
  readonly texts: string[];
  readonly timer: NodeJS.Timeout;
}

/** A worker that is busy for longer is left out of one scrape; milliseconds. */
const patienceMs = 1_000;

/** Carries the expositions of all workers to the one that was scraped. */
export class Collector {
  private readonly open = new Map<number, Collection>();
  private begun = 0;

  /** @param others everybody who serves, without the asker. */
  collect(asker: Giver, askedAs: number, others: readonly Giver[]): void {
    this.begun += 1;
    const id = this.begun;
    const timer = setTimeout(() => {
      this.finish(id);
    }, patienceMs);
    this.open.set(id, { asker, askedAs, awaited: new Set(others.map((other) => other.id)), texts: [], timer });
    for (const other of others) other.send({ kind: 'give', id });
    if (others.length === 0) this.finish(id);
  }

  given(from: number, { id, text }: Extract<Report, { kind: 'given' }>): void {
    const collection = this.open.get(id);
    if (collection?.awaited.delete(from) !== true) return;
    collection.texts.push(text);
    if (collection.awaited.size === 0) this.finish(id);
  }

  /** Nobody waits for a worker that is gone. */
  gone(worker: number): void {
    for (const [id, { awaited }] of this.open) if (awaited.delete(worker) && awaited.size === 0) this.finish(id);
  }

  private finish(id: number): void {
    const collection = this.open.get(id);
    if (collection === undefined) return;
    clearTimeout(collection.timer);
    this.open.delete(id);
    const { asker, askedAs, texts, awaited } = collection;
    asker.send({ kind: 'collected', id: askedAs, texts, missing: awaited.size });
  }
}
