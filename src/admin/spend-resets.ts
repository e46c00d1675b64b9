import { Inject, Injectable, Optional } from '@nestjs/common';
import { z } from 'zod';
import { GatewayError } from '../kernel/errors';
import { nanosFromDollars } from '../kernel/money';
import { type Actor } from '../keys/management/actor';
import { Management } from '../keys/management/management';
import { readStrictly } from '../keys/management/request-fields';
import { dollars } from '../keys/rows/field-types';
import { Books, SpendAdjuster } from './books';

const resetBody = z.strictObject({ reset_to: dollars.default(0) });

/** Sets what counts as spent; written down like every admin action. */
@Injectable()
export class SpendResets {
  constructor(
    private readonly management: Management,
    private readonly books: Books,
    @Optional() @Inject(SpendAdjuster) private readonly adjuster: SpendAdjuster | undefined,
  ) {}

  /** @throws {GatewayError} 400, 501 while no ledger is kept. {StateUnavailable} */
  async reset(actor: Actor, book: { readonly kind: 'key'; readonly id: string }, body: unknown): Promise<void> {
    const { reset_to } = readStrictly(resetBody, body);
    const { adjuster } = this;
    if (adjuster === undefined) throw noLedger();
    const before = await this.books.spentOf(book);
    const act = { actor, action: `${book.kind}.reset_spend`, objects: [book], before: { spend: before.spend }, after: { spend: reset_to } }; // prettier-ignore
    const nanos = nanosFromDollars(reset_to);
    await this.management.writes.perform(act, () => adjuster.adjust(book, nanos, 'reset_spend'));
  }

  /** What was spent elsewhere, into the books; undefined while none are kept. */
  get taker(): ((kind: 'key' | 'team' | 'user', id: string, amount: number) => Promise<void>) | undefined {
    const { adjuster } = this;
    if (adjuster === undefined) return undefined;
    return (kind, id, amount) => adjuster.adjust({ kind, id }, nanosFromDollars(amount), 'import');
  }
}

function noLedger(): GatewayError {
  return new GatewayError({
    status: 501,
    type: 'not_implemented_error',
    code: 'no_ledger',
    message: 'No ledger is kept here, so nothing counts as spent.',
    shouldRetry: false,
  });
}
