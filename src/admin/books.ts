import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../config/config.module';
import { type Settings } from '../config/settings';
import { type ScopeKind } from '../kernel/limits';
import { dollarsFromNanos } from '../kernel/money';
import { nothingSpent, type Spent } from '../keys/management/views';
import { type LimitFields } from '../keys/rows/limit-fields';
import { type Period, periodAt } from '../kernel/periods';
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

  /** In the order of `books`. One round trip, and the ledger's sums where nobody called in this period. @throws {StateUnavailable} */
  async spent(books: readonly BookRef[]): Promise<readonly Spent[]> {
    const sums = await this.ledger.spent(books.map((book) => ({ book, period: this.moneyPeriodOf(book) })));
    return books.map((book, at) => ({
      spend: dollarsFromNanos(sums[at]?.inPeriod ?? 0),
      totalSpend: dollarsFromNanos(sums[at]?.total ?? 0),
      resetAtMs: this.periodOf(book)?.endMs,
    }));
  }

  /** Of one book. */
  async spentOf(book: BookRef): Promise<Spent> {
    return (await this.spent([book]))[0] ?? nothingSpent;
  }

  /** Of a book that was just opened; nobody is asked. */
  unspentOf(book: BookRef): Spent {
    return { ...nothingSpent, resetAtMs: this.periodOf(book)?.endMs };
  }

  /** What is spent counts for the period of the money budget, which is then the one that `max_budget` is shown for. */
  private moneyPeriodOf(book: BookRef): BudgetPeriod | undefined {
    const { max_budget, soft_budget } = book.limits ?? {};
    return max_budget === undefined && soft_budget === undefined ? undefined : this.periodOf(book);
  }

  private periodOf({ limits, createdAtMs = 0 }: BookRef): BudgetPeriod | undefined {
    const duration = limits?.budget_duration;
    if (duration === undefined) return undefined;
    return { duration, ...periodAt(duration, createdAtMs, this.meter.nowMs(), this.settings.metering.timeZone) };
  }
}

type BudgetPeriod = Period & { readonly duration: string };
