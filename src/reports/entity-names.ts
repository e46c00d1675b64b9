import { Injectable } from '@nestjs/common';
import { type EntityKind } from '../state/entities/entity';
import { EntityStore } from '../state/entities/entity-store';
import { stored, type Stored } from '../keys/rows/rows';
import { LedgerNames } from './ledger-names';
import { type KeyName, ReportNames } from './report-names';

/** Documents that are read in one round trip. */
const atOnce = 500;

/** Names as they are now, from keys, teams and users; keys that are gone are called as their last row has it. */
@Injectable()
export class EntityNames extends ReportNames {
  constructor(
    private readonly store: EntityStore,
    private readonly ledger: LedgerNames,
  ) {
    super();
  }

  override async keys(hashes: readonly string[]): Promise<ReadonlyMap<string, KeyName>> {
    const wanted = [...new Set(hashes)];
    const keys = await this.read('key', wanted);
    const users = await this.read(
      'user',
      [...keys.values()].flatMap(({ row }) => row.user_id ?? []),
    );
    const known = new Map([...keys].map(([hash, { row }]) => [hash, nameOf(row, users)] as const));
    const gone = await this.ledger.keys(wanted.filter((hash) => !known.has(hash)));
    return new Map([...gone, ...known]);
  }

  override async teams(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const teams = await this.read('team', ids);
    return new Map(
      [...teams].flatMap(([id, { row }]) => (row.team_alias === undefined ? [] : [[id, row.team_alias] as const])),
    );
  }

  private async read<K extends EntityKind>(kind: K, ids: readonly string[]): Promise<ReadonlyMap<string, Stored<K>>> {
    const wanted = [...new Set(ids)].filter((id) => id !== '');
    const found = new Map<string, Stored<K>>();
    for (let at = 0; at < wanted.length; at += atOnce) {
      const refs = wanted.slice(at, at + atOnce).map((id) => ({ kind, id }));
      for (const entity of await this.store.many(refs)) {
        if (entity !== undefined) found.set(entity.id, stored(kind, entity));
      }
    }
    return found;
  }
}

function nameOf(row: Stored<'key'>['row'], users: ReadonlyMap<string, Stored<'user'>>): KeyName {
  const { key_alias: alias, team_id: teamId, user_id: userId } = row;
  const userEmail = users.get(userId ?? '')?.row.user_email;
  return {
    ...(alias === undefined ? {} : { alias }),
    ...(teamId === undefined ? {} : { teamId }),
    ...(userId === undefined ? {} : { userId }),
    ...(userEmail === undefined ? {} : { userEmail }),
  };
}
