import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { nanosFromDollars } from '../kernel/money';
import { type Actor } from '../keys/management/actor';
import { Management } from '../keys/management/management';
import { readStrictly } from '../keys/management/request-fields';
import { dollars } from '../keys/rows/field-types';
import { Meter } from '../metering/meter';
import { Books } from './books';

/** `POST /key/{key}/reset_spend`, dollars. */
export const resetBody = z.strictObject({ reset_to: dollars.default(0) });

/** Sets what counts as spent; written down like every admin action. */
@Injectable()
export class SpendResets {
  constructor(
    private readonly management: Management,
    private readonly books: Books,
    private readonly meter: Meter,
  ) {}

  /** @throws {GatewayError} 400. {StateUnavailable} */
  async reset(actor: Actor, book: { readonly kind: 'key'; readonly id: string }, body: unknown): Promise<void> {
    const { reset_to } = readStrictly(resetBody, body);
    const before = await this.books.spentOf(book);
    const act = { actor, action: `${book.kind}.reset_spend`, objects: [book], before: { spend: before.spend }, after: { spend: reset_to } }; // prettier-ignore
    const nanos = nanosFromDollars(reset_to);
    await this.management.writes.perform(act, () => this.meter.adjust(book, nanos));
  }

  /** What was spent elsewhere, into the books. @throws {StateUnavailable} */
  take(kind: 'key' | 'team' | 'user', id: string, dollarsSpent: number): Promise<void> {
    return this.meter.adjust({ kind, id }, nanosFromDollars(dollarsSpent));
  }
}
