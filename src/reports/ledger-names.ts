import { Injectable } from '@nestjs/common';
import { Ledger } from '../metering/ledger';
import { type KeyName, ReportNames } from './report-names';

/** Reads at the same time; a report names a handful of keys, seldom more. */
const atOnce = 16;
/** Keys that one report looks up; the rest go by their hash. */
const mostKeys = 500;

/** Names from the ledger itself: the newest row of a key says what it was called and whose it was. */
@Injectable()
export class LedgerNames extends ReportNames {
  constructor(private readonly ledger: Ledger) {
    super();
  }

  async keys(hashes: readonly string[]): Promise<ReadonlyMap<string, KeyName>> {
    const names = new Map<string, KeyName>();
    const wanted = [...new Set(hashes)].slice(0, mostKeys);
    for (let at = 0; at < wanted.length; at += atOnce) {
      await Promise.all(
        wanted.slice(at, at + atOnce).map(async (hash) => {
          const name = await this.newest(hash);
          if (name !== undefined) names.set(hash, name);
        }),
      );
    }
    return names;
  }

  /** Rows know teams by their id only. */
  teams(): Promise<ReadonlyMap<string, string>> {
    return Promise.resolve(new Map());
  }

  private async newest(keyHash: string): Promise<KeyName | undefined> {
    const { rows } = await this.ledger.page({ keyHash, order: 'newest', offset: 0, limit: 1 });
    const [row] = rows;
    if (row === undefined) return undefined;
    return {
      ...(row.keyAlias === undefined ? {} : { alias: row.keyAlias }),
      ...(row.teamId === undefined ? {} : { teamId: row.teamId }),
      ...(row.userId === undefined ? {} : { userId: row.userId }),
    };
  }
}
