import { Injectable } from '@nestjs/common';
import { type Actor } from '../../keys/management/actor';
import { AuditedWrites } from '../../keys/management/audited-writes';
import { Ledger } from '../../metering/ledger';
import { Meter } from '../../metering/meter';
import { AuditLog } from '../../state/audit/audit-log';
import { EntityStore } from '../../state/entities/entity-store';

const pageSize = 200;

/** Sets the spend of every key and team to 0, by a row of its own for each; what was logged stays. Written down first. */
@Injectable()
export class SpendReset {
  private readonly writes: AuditedWrites;

  constructor(
    private readonly store: EntityStore,
    audit: AuditLog,
    private readonly ledger: Ledger,
    private readonly meter: Meter,
  ) {
    this.writes = new AuditedWrites(store, audit);
  }

  /** @returns how many books were changed. @throws {StateUnavailable}; then some may be done and the rest are not. */
  resetAll(actor: Actor): Promise<number> {
    const act = { actor, action: 'global.reset_spend', objects: [], after: { spend: 0 } };
    return this.writes.perform(act, async () => (await this.reset('key')) + (await this.reset('team')));
  }

  private async reset(kind: 'key' | 'team'): Promise<number> {
    let changed = 0;
    for (let offset = 0; ; offset += pageSize) {
      const { entities } = await this.store.page(kind, { order: 'oldest', offset, limit: pageSize });
      const counters = await this.ledger.counters(entities.map(({ id }) => ({ kind, id })));
      for (const { id, spent } of counters) {
        if (spent === 0) continue;
        await this.meter.adjust({ kind, id }, 0);
        changed += 1;
      }
      if (entities.length < pageSize) return changed;
    }
  }
}
