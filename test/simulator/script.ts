import { type Reply } from './answer';
import { type SeenRequest } from './journal';

/** Says which requests a scripted reply is for. */
export type RequestPredicate = (seen: SeenRequest) => boolean;

/** The replies that a test lays ready for one route; without any the route answers by itself. */
export class Script {
  private queue: Reply[] = [];
  private conditional: { readonly predicate: RequestPredicate; readonly reply: Reply }[] = [];
  private fallback: Reply | undefined;

  /** For the next accepted requests, one each, in this order. */
  next(...replies: readonly Reply[]): this {
    this.queue.push(...replies);
    return this;
  }

  /** For every accepted request that nothing else is laid ready for. */
  always(reply: Reply): this {
    this.fallback = reply;
    return this;
  }

  /** For every accepted request that fits; the first fitting one counts, `next` goes before it. */
  when(predicate: RequestPredicate, reply: Reply): this {
    this.conditional.push({ predicate, reply });
    return this;
  }

  /** How many replies of `next` nobody has fetched yet. */
  get waiting(): number {
    return this.queue.length;
  }

  /** Takes the reply for this request; undefined lets the route answer. */
  take(seen: SeenRequest): Reply | undefined {
    const next = this.queue.shift();
    if (next !== undefined) return next;
    return this.conditional.find(({ predicate }) => predicate(seen))?.reply ?? this.fallback;
  }

  clear(): void {
    this.queue = [];
    this.conditional = [];
    this.fallback = undefined;
  }
}
