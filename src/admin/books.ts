import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../config/config.module';
import { type Settings } from '../config/settings';
import { type ScopeKind } from '../kernel/limits';
import { dollarsFromNanos } from '../kernel/money';
import { type Spent } from '../keys/management/views';
import { type LimitFields } from '../keys/rows/limit-fields';
import { periodAt } from '../kernel/periods';
import { Ledger } from '../metering/ledger';
import { Meter } from '../metering/meter';

/** One counter book, and what its owner's budget is. */
export interface BookRef {
  readonly kind: ScopeKind;
  readonly id: string;
  readonly limits?: LimitFields;
  readonly createdAtMs?: number;
}

/** What was spent, as the views show it. */
@Injectable()
export class Books {
  constructor(
    private readonly ledger: Ledger,
    private readonly meter: Meter,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'metering'>,
  ) {}

  /** In the order of `books`. One round trip. @throws {StateUnavailable} */
  async spent(books: readonly BookRef[]): Promise<readonly Spent[]> {
    const counters = books.length === 0 ? [] : await this.ledger.counters(books);
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

  /** When a book's budget starts anew, Unix milliseconds; undefined without a period. */
  resetOf({ limits, createdAtMs = 0 }: BookRef): number | undefined {
    const duration = limits?.budget_duration;
    if (duration === undefined) return undefined;
    return periodAt(duration, createdAtMs, this.meter.nowMs(), this.settings.metering.timeZone).endMs;
  }
}

function nameOf({ kind, id }: Pick<BookRef, 'kind' | 'id'>): string {
  return `${kind} ${id}`;
}
