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

/** Whose spend is set. */
interface ResetBook {
  readonly kind: 'key' | 'user';
  readonly id: string;
}

/** Sets what counts as spent; written down like every admin action. */
@Injectable()
export class SpendResets {
  constructor(
    private readonly management: Management,
    private readonly books: Books,
    private readonly meter: Meter,
  ) {}

  /** @throws {GatewayError} 400. {StateUnavailable} */
  reset(actor: Actor, book: ResetBook, body: unknown): Promise<void> {
    return this.set(actor, book, readStrictly(resetBody, body).reset_to);
  }

  /** The same with the amount, in dollars. @throws {StateUnavailable} */
  async set(actor: Actor, book: ResetBook, spend: number): Promise<void> {
    const before = await this.books.spentOf(book);
    const act = {
      actor,
      action: `${book.kind}.reset_spend`,
      objects: [book],
      before: { spend: before.spend },
      after: { spend },
    };
    await this.management.writes.perform(act, () => this.meter.adjust(book, nanosFromDollars(spend)));
  }

  /** What was spent elsewhere, into the books. @throws {StateUnavailable} */
  take(kind: 'key' | 'team' | 'user', id: string, dollarsSpent: number): Promise<void> {
    return this.meter.adjust({ kind, id }, nanosFromDollars(dollarsSpent));
  }
}
