import { aggregateExpositions } from '../telemetry/aggregate-expositions';
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

/**
 * Carries the expositions of all workers to the one that was scraped, and keeps what workers counted that are gone: a total
 * never falls. Of one that was killed it has the last that it gave.
 */
export class Collector {
  private readonly open = new Map<number, Collection>();
  private readonly latest = new Map<number, string>();
  private ended = '';
  private begun = 0;

  collect(asker: Giver, askedAs: number, all: readonly Giver[]): void {
    this.begun += 1;
    const id = this.begun;
    const timer = setTimeout(() => {
      this.finish(id);
    }, patienceMs);
    this.open.set(id, { asker, askedAs, awaited: new Set(all.map((each) => each.id)), texts: [], timer });
    for (const each of all) each.send({ kind: 'give', id });
    if (all.length === 0) this.finish(id);
  }

  given(from: number, { id, text }: Extract<Report, { kind: 'given' }>): void {
    this.latest.set(from, text);
    const collection = this.open.get(id);
    if (collection?.awaited.delete(from) !== true) return;
    collection.texts.push(text);
    if (collection.awaited.size === 0) this.finish(id);
  }

  /** Its last word, given on its way out. */
  last(from: number, text: string): void {
    this.latest.set(from, text);
  }

  /** Nobody waits for a worker that is gone; what it counted stays. */
  gone(worker: number): void {
    const text = this.latest.get(worker);
    this.latest.delete(worker);
    if (text !== undefined) this.ended = aggregateExpositions([], { ended: [this.ended, text] });
    for (const [id, { awaited }] of this.open) if (awaited.delete(worker) && awaited.size === 0) this.finish(id);
  }

  private finish(id: number): void {
    const collection = this.open.get(id);
    if (collection === undefined) return;
    clearTimeout(collection.timer);
    this.open.delete(id);
    const { asker, askedAs, texts, awaited } = collection;
    asker.send({ kind: 'collected', id: askedAs, texts, ended: this.ended, missing: awaited.size });
  }
}
