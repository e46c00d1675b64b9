import { Inject, Injectable, Optional } from '@nestjs/common';
import { type ScopeKind } from '../kernel/limits';
import { dollarsFromNanos } from '../kernel/money';
import { type Spent } from '../keys/management/views';
import { type LimitFields } from '../keys/rows/limit-fields';
import { Ledger } from '../metering/ledger';

/** One counter book, and what its owner's budget is. */
export interface BookRef {
  readonly kind: ScopeKind;
  readonly id: string;
  readonly limits?: LimitFields;
  readonly createdAtMs?: number;
}

/** Port: sets what a book says was spent, by an entry in the ledger, so that ledger and counters agree after it. */
export abstract class SpendAdjuster {
  /** @param toNanos nano-dollars that count as spent from now on. @throws {StateUnavailable} */
  abstract adjust(book: BookRef, toNanos: number, reason: string): Promise<void>;
}

/** Port: when a budget starts anew. */
export abstract class BudgetResets {
  /** Unix milliseconds. */
  abstract resetAtMs(duration: string, anchorMs: number): number;
}

/** What was spent, as the views show it. Nothing while no ledger is kept. */
@Injectable()
export class Books {
  constructor(
    @Optional() @Inject(Ledger) private readonly ledger: Ledger | undefined,
    @Optional() @Inject(BudgetResets) private readonly resets: BudgetResets | undefined,
  ) {}

  /** In the order of `books`. One round trip. @throws {StateUnavailable} */
  async spent(books: readonly BookRef[]): Promise<readonly Spent[]> {
    const counters = this.ledger === undefined || books.length === 0 ? [] : await this.ledger.counters(books);
    const byName = new Map(counters.map((counter) => [nameOf(counter), counter.spent]));
    return books.map((book) => ({
      spend: dollarsFromNanos(byName.get(nameOf(book)) ?? 0),
      resetAtMs: this.resetOf(book),
    }));
  }

  /** Of one book. */
  async spentOf(book: BookRef): Promise<Spent> {
    return (await this.spent([book]))[0] ?? { spend: 0 };
  }

  private resetOf({ limits, createdAtMs = 0 }: BookRef): number | undefined {
    const duration = limits?.budget_duration;
    return duration === undefined ? undefined : this.resets?.resetAtMs(duration, createdAtMs);
  }
}

function nameOf({ kind, id }: Pick<BookRef, 'kind' | 'id'>): string {
  return `${kind} ${id}`;
}
