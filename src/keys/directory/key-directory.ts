import { type Clock } from '../../kernel/clock';
import { type GatewayError } from '../../kernel/errors';
import { type Principal } from '../../kernel/principal';
import { type EntityStore } from '../../state/entities/entity-store';
import { type HolderFacts, type HolderRules, principalOf } from '../compile/principal-of';
import { BoundedMap } from '../../kernel/bounded-map';
import { KeyAuthenticator } from '../key-authenticator';
import {
  budgetMissing,
  keyBlocked,
  keyExpired,
  memberMissing,
  teamBlocked,
  teamMissing,
  unreadable,
} from '../key-refusals';
import { type MasterKeyAuthenticator } from '../master-key';
import { type KeyRow, standingOf } from '../rows/key-row';
import { type TeamRow } from '../rows/team-row';
import { looksLikeKey } from '../secrets';
import { FreshCache, type Known, type Loaded } from './fresh-cache';
import { type HolderReader, type HolderReading } from './holder-reader';
import { type StateWatch } from './state-watch';

/** Keys in memory, and guessed ones apart from them so that they push nobody out. */
const mostKeys = 20_000;
const mostGuesses = 10_000;
const mostRevoked = 10_000;

/** What is known of a secret that opens a key, or did. */
interface Verdict {
  readonly principal: Principal;
  /** Told instead of letting in. */
  readonly refusal: ((nowMs: number) => GatewayError) | undefined;
  readonly keyId: string;
  readonly version: number;
}

/** Where the directory reads. */
export interface DirectoryParts {
  readonly master: MasterKeyAuthenticator;
  readonly store: EntityStore;
  readonly reader: HolderReader;
  readonly watch: StateWatch;
  readonly clock: Clock;
  readonly rules: HolderRules;
}

/**
 * Knows the holders of keys. What was verified within `keySnapshotMs` serves on while the state is away; after that nobody
 * is let in or told that his key is wrong (503). A key that was seen revoked stays revoked, also when the state forgets.
 */
export class KeyDirectory extends KeyAuthenticator {
  private readonly cache: FreshCache<Verdict>;
  /** Key id → the version in which it was seen blocked, or last seen before it was gone. */
  private readonly revoked = new BoundedMap<{ readonly version: number; readonly isBlocked: boolean }>(mostRevoked);

  constructor(private readonly parts: DirectoryParts) {
    super();
    const { watch, clock, store } = parts;
    this.cache = new FreshCache(watch, clock, {
      mostEntries: mostKeys,
      mostAbsent: mostGuesses,
      nowMs: () => store.nowMs(),
      // Looked at again at once, so that a revocation is known even if the state goes away next.
      onStale: (digest) => void this.look(digest).catch(() => undefined),
    });
  }

  override authenticate(secret: string): Principal | undefined | Promise<Principal | undefined> {
    const { master } = this.parts;
    if (!looksLikeKey(secret)) return master.authenticate(secret);
    const judged = master.judge(secret);
    if (typeof judged !== 'string') return judged;
    const known = this.cache.peek(judged);
    return known === undefined ? this.look(judged).then((found) => this.answer(found)) : this.answer(known);
  }

  /** @throws {GatewayError} 401 that says why, for keys that exist. */
  private answer({ value }: Known<Verdict>): Principal | undefined {
    if (value?.refusal !== undefined) throw value.refusal(this.parts.store.nowMs());
    return value?.principal;
  }

  private look(digest: string): Promise<Known<Verdict>> {
    return this.cache.load(digest, async (last) => {
      const reading = await this.parts.reader.read(digest);
      if (reading !== undefined) return this.judged(digest, reading);
      if (last !== undefined) this.revoke(last.keyId, { version: last.version, isBlocked: false });
      return undefined;
    });
  }

  private judged(digest: string, { facts, from }: HolderReading): Loaded<Verdict> | undefined {
    const { key } = facts;
    const nowMs = this.parts.store.nowMs();
    const secret = key.row.secrets.find(({ hash }) => hash === digest);
    const isOver = secret === undefined || nowMs >= (secret.untilMs ?? Number.POSITIVE_INFINITY);
    if (key.row.blocked) this.revoke(key.id, { version: key.version, isBlocked: true });
    const seen = this.revoked.get(key.id);
    // The state may have lost what this process saw: a failover drops the last writes.
    const isBack = seen !== undefined && key.version <= seen.version;
    if (isOver || (isBack && !seen.isBlocked)) return undefined;
    const value: Verdict = {
      principal: principalOf(facts, this.parts.rules, nowMs),
      refusal: isBack ? keyBlocked : refusalOf(facts, nowMs),
      keyId: key.id,
      version: key.version,
    };
    return { value, from, untilMs: nextTurn(facts, secret.untilMs, nowMs) };
  }

  private revoke(keyId: string, seen: { readonly version: number; readonly isBlocked: boolean }): void {
    const before = this.revoked.get(keyId);
    if (before !== undefined && before.version > seen.version) return;
    this.revoked.set(keyId, seen);
  }
}

function refusalOf(facts: HolderFacts, nowMs: number): Verdict['refusal'] {
  const { key, team, budgets } = facts;
  const { blocked, expiresMs, key_name, team_id } = key.row;
  if (blocked) return keyBlocked;
  if (expiresMs !== undefined && nowMs >= expiresMs) return (now) => keyExpired(key_name, expiresMs, now);
  const holders = [key, team, facts.user, facts.member];
  const bad = holders.find((each) => each?.faults !== undefined);
  if (bad?.faults !== undefined) return () => unreadable(bad.kind, bad.faults ?? []);
  const lost = holders.find((each) => each?.row.budget_id !== undefined && !budgets.has(each.row.budget_id));
  if (lost !== undefined) return () => budgetMissing(lost.kind, lost.row.budget_id ?? '');
  if (team_id === undefined) return undefined;
  if (team === undefined) return () => teamMissing(team_id);
  if (team.row.blocked) return () => teamBlocked(team_id);
  return isOutOfTeam(key.row, team.row) ? () => memberMissing(team_id) : undefined;
}

/** The operator gives keys of a team to whom he likes; those that members made end with the membership. */
function isOutOfTeam(key: KeyRow, { members_with_roles }: TeamRow): boolean {
  if (key.user_id === undefined || standingOf(key) === 'operator') return false;
  return !members_with_roles.some(({ user_id }) => user_id === key.user_id);
}

/** When the verdict changes by itself. */
function nextTurn({ key }: HolderFacts, graceUntilMs: number | undefined, nowMs: number): number {
  const turns = [key.row.expiresMs, key.row.tempBudgetUntilMs, graceUntilMs];
  return Math.min(...turns.map((turn) => (turn !== undefined && turn > nowMs ? turn : Number.POSITIVE_INFINITY)));
}
