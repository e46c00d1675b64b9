import { Injectable } from '@nestjs/common';
import { type Actor } from '../../keys/management/actor';
import { AuditedWrites } from '../../keys/management/audited-writes';
import { Bookkeeper } from '../../metering/bookkeeper';
import { AuditLog } from '../../state/audit/audit-log';
import { EntityStore } from '../../state/entities/entity-store';

/** What changes the books by hand: written down first, like every admin action. */
@Injectable()
export class SpendReset {
  private readonly writes: AuditedWrites;

  constructor(
    store: EntityStore,
    audit: AuditLog,
    private readonly books: Bookkeeper,
  ) {
    this.writes = new AuditedWrites(store, audit);
  }

  /** Compares the books and puts them right. @throws {StateUnavailable} */
  repair(actor: Actor): ReturnType<Bookkeeper['reconcile']> {
    const act = { actor, action: 'spend.reconcile', objects: [], after: { repair: true } };
    return this.writes.perform(act, () => this.books.reconcile(true));
  }

  /** Sets the spend of every key and team to 0; what was logged stays. @returns how many books were changed. @throws {StateUnavailable}; then some may be done and the rest are not. */
  resetAll(actor: Actor): Promise<number> {
    const act = { actor, action: 'global.reset_spend', objects: [], after: { spend: 0 } };
    return this.writes.perform(act, () => this.books.resetSpend());
  }
}
