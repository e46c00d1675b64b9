import { GatewayError, invalidRequest } from '../../kernel/errors';
import { type Change, type EntityKind, type Put } from '../../state/entities/entity';
import { teamRowSchema } from '../rows/team-row';
import { type Actor } from './actor';
import { budgetPut } from './budget-management';
import { keyPut } from './key-rows';
import { budgetFrom, keyFrom, type ReadRow, type Row, teamFrom, userFrom } from './litellm-rows';
import { type ManagementParts } from './parts';
import { teamPut } from './team-management';
import { userPut } from './user-rows';

/** Rows of LiteLLM's tables. */
export interface LiteLlmDump {
  readonly budgets: readonly Row[];
  readonly teams: readonly Row[];
  readonly users: readonly Row[];
  readonly keys: readonly Row[];
}

/** What of a dump is here now. */
export interface ImportReport {
  readonly taken: Readonly<Record<keyof LiteLlmDump, number>>;
  /** Rows that were not taken, and why: already here, or not usable. */
  readonly skipped: readonly { readonly kind: string; readonly id: string; readonly why: string }[];
  /** What an operator should know of rows that were taken. */
  readonly notes: readonly { readonly kind: string; readonly id: string; readonly note: string }[];
}

/** Puts what was spent elsewhere into the books; undefined where no books are kept. Dollars. */
export type SpendTaker = ((kind: 'key' | 'team' | 'user', id: string, dollars: number) => Promise<void>) | undefined;

interface Item {
  readonly kind: keyof LiteLlmDump;
  readonly put: Put;
  readonly spend: number;
  readonly notes: readonly string[];
  /** The same without a column, for one that is in the way. */
  readonly without: (column: string) => Item | undefined;
}

/** Columns that must be unique here, and without which a row is of use all the same. */
const names: ReadonlySet<string> = new Set(['key_alias', 'team_alias', 'user_email']);

/** Rows in one commit. */
const batchSize = 100;

const scopes = { keys: 'key', teams: 'team', users: 'user', budgets: undefined } as const;

/** Gathers the report. */
class Tally {
  readonly taken: Record<keyof LiteLlmDump, number> = { budgets: 0, teams: 0, users: 0, keys: 0 };
  readonly skipped: { kind: string; id: string; why: string }[] = [];
  readonly notes: { kind: string; id: string; note: string }[] = [];

  passOver(kind: keyof LiteLlmDump, id: string, why: string): void {
    this.skipped.push({ kind, id, why });
  }

  /** Why a row has not what it points to. */
  lack(kind: 'budgets' | 'teams' | 'users', id: string): string {
    const isSkipped = this.skipped.some((each) => each.kind === kind && each.id === id);
    return `its ${kind.slice(0, -1)} '${id}' is ${isSkipped ? 'in the dump and was not taken' : 'neither here nor in the dump'}`;
  }

  take({ kind, put, notes }: Item): void {
    this.taken[kind] += 1;
    for (const note of notes) this.note(kind, put.id, note);
  }

  note(kind: keyof LiteLlmDump, id: string, note: string): void {
    this.notes.push({ kind, id, note });
  }
}

/** Takes over keys and their kin of a LiteLLM installation. May be repeated: what is here already is left as it is. */
export class LiteLlmImport {
  constructor(private readonly parts: ManagementParts) {}

  /** @throws {StateUnavailable} and what `takeSpend` throws; whatever was taken before stays, and another run goes on. */
  async run(actor: Actor, dump: LiteLlmDump, takeSpend: SpendTaker): Promise<ImportReport> {
    const tally = new Tally();
    for (const kind of ['budgets', 'teams', 'users', 'keys'] as const) {
      const items = await this.withBudgets(kind, readAll(kind, dump[kind], tally), tally);
      const whole = kind === 'keys' ? await this.withHolders(items, tally) : items;
      const missing = kind === 'keys' ? await this.missingTeams(whole) : [];
      for (const batch of batches([...missing, ...whole])) await this.take(actor, batch, tally, takeSpend);
    }
    const { taken, skipped, notes } = tally;
    return { taken, skipped, notes };
  }

  /** A row that points to a budget which is not here would have no limit at all. */
  private async withBudgets(kind: keyof LiteLlmDump, items: readonly Item[], tally: Tally): Promise<readonly Item[]> {
    const lost = await this.lost(items, 'budget');
    return items.filter((item) => {
      const id = listed(item, 'budget:');
      if (id === undefined || !lost.has(id)) return true;
      tally.passOver(kind, item.put.id, tally.lack('budgets', id));
      return false;
    });
  }

  /** A key whose team or user the dump has and was not taken would have none of its limits. */
  private async withHolders(keys: readonly Item[], tally: Tally): Promise<readonly Item[]> {
    const skipped = new Set(tally.skipped.map(({ kind, id }) => `${kind} ${id}`));
    const holders = [
      { kind: 'teams', list: 'team:', lost: await this.lost(keys, 'team') },
      { kind: 'users', list: 'user:', lost: await this.lost(keys, 'user') },
    ] as const;
    return keys.filter((item) => {
      for (const { kind, list, lost } of holders) {
        const id = listed(item, list);
        if (id === undefined || !lost.has(id) || !skipped.has(`${kind} ${id}`)) continue;
        tally.passOver('keys', item.put.id, tally.lack(kind, id));
        return false;
      }
      return true;
    });
  }

  /** Keys of teams that are neither here nor in the dump: without a team nobody could use them. */
  private async missingTeams(keys: readonly Item[]): Promise<readonly Item[]> {
    const notes = ['made without limits, because keys belong to it and the dump does not have it'];
    return [...(await this.lost(keys, 'team'))].map((id) => ({
      kind: 'teams',
      put: teamPut(id, teamRowSchema.parse({}), 0),
      spend: 0,
      notes,
      without: () => undefined,
    }));
  }

  /** Ids of what rows point to and is not here. */
  private async lost(items: readonly Item[], kind: 'budget' | 'team' | 'user'): Promise<ReadonlySet<string>> {
    const ids = [...new Set(items.flatMap((item) => listed(item, `${kind}:`) ?? []))];
    const found = ids.length === 0 ? [] : await this.parts.store.many(ids.map((id) => ({ kind, id })));
    return new Set(ids.filter((_, at) => found[at] === undefined));
  }

  private async take(actor: Actor, batch: readonly Item[], tally: Tally, takeSpend: SpendTaker): Promise<void> {
    const known = await this.parts.store.many(batch.map(({ put }) => put));
    const fresh = batch.filter((_, at) => known[at] === undefined);
    for (const { kind, put } of batch.filter((_, at) => known[at] !== undefined))
      tally.passOver(kind, put.id, 'already here');
    for (const item of fresh) await this.takeSpend(item, tally, takeSpend);
    // One that is in the way of the others is found by storing them one by one.
    const isStored = fresh.length === 0 || (await this.commit(actor, fresh)) === undefined;
    for (const item of fresh) {
      if (isStored) tally.take(item);
      else await this.takeOne(actor, item, tally);
    }
  }

  /** Without its name when another one has that: left out as a whole, its keys would lack its limits. */
  private async takeOne(actor: Actor, item: Item, tally: Tally): Promise<void> {
    const fault = await this.commit(actor, [item]);
    if (fault === undefined) {
      tally.take(item);
      return;
    }
    const { code, param } = fault;
    const name = code === 'already_exists' && names.has(param ?? '') ? (param ?? '') : undefined;
    const nameless = name === undefined ? undefined : item.without(name);
    const left = nameless === undefined ? fault : await this.commit(actor, [nameless]);
    if (left !== undefined) {
      tally.passOver(item.kind, item.put.id, left.code === 'changed_meanwhile' ? 'already here' : left.message);
      return;
    }
    tally.take(item);
    tally.note(item.kind, item.put.id, `its ${name ?? ''} was left out, because another one has it`);
  }

  /** Before the row itself: once the row is here, a repeated import asks no more. */
  private async takeSpend({ kind, put, spend }: Item, tally: Tally, takeSpend: SpendTaker): Promise<void> {
    const scope = scopes[kind];
    if (spend === 0 || scope === undefined) return;
    if (takeSpend === undefined)
      tally.note(kind, put.id, `its spend of ${spend} dollars was not taken: no ledger is kept here`);
    else await takeSpend(scope, put.id, spend);
  }

  /** @returns why nothing was stored; undefined when all was. */
  private async commit(actor: Actor, items: readonly Item[]): Promise<GatewayError | undefined> {
    const changes: readonly Change[] = items.map(({ put }) => put);
    const objects = items.map(({ put: { kind, id } }) => ({ kind, id }));
    try {
      await this.parts.writes.commit({ actor, action: 'import.litellm', objects }, changes);
      return undefined;
    } catch (error) {
      if (!(error instanceof GatewayError) || error.status >= 500) throw error;
      return error;
    }
  }
}

function readAll(kind: keyof LiteLlmDump, rows: readonly Row[], tally: Tally): readonly Item[] {
  return rows.flatMap((row) => {
    const read = readers[kind](row);
    if (!('why' in read)) return [read];
    tally.passOver(kind, read.id, read.why);
    return [];
  });
}

/** What a list of the document names, for example its team. */
function listed({ put }: Item, prefix: string): string | undefined {
  return put.lists.find((list) => list.startsWith(prefix))?.slice(prefix.length);
}

/** A dump as a file or a request has it. @throws {GatewayError} 400 that says what is expected. */
export function readDump(value: unknown): LiteLlmDump {
  if (Array.isArray(value)) return { ...emptyDump, keys: rowsIn(value, 'keys') };
  if (typeof value !== 'object' || value === null) throw noDump();
  if ('token' in value) return { ...emptyDump, keys: rowsIn([value], 'keys') };
  const lists: Row = { ...value };
  const names = ['keys', 'teams', 'users', 'budgets'] as const;
  if (!names.some((name) => lists[name] !== undefined)) throw noDump();
  const [keys, teams, users, budgets] = names.map((name) => rowsIn(lists[name] ?? [], name));
  return { keys: keys ?? [], teams: teams ?? [], users: users ?? [], budgets: budgets ?? [] };
}

const emptyDump: LiteLlmDump = { keys: [], teams: [], users: [], budgets: [] };

function rowsIn(list: unknown, name: string): readonly Row[] {
  const rows: readonly unknown[] = Array.isArray(list) ? list : [undefined];
  if (rows.every(isRow)) return rows;
  throw invalidRequest(`'${name}' must be a list of rows.`, name);
}

function isRow(row: unknown): row is Row {
  return typeof row === 'object' && row !== null && !Array.isArray(row);
}

function noDump(): Error {
  return invalidRequest(
    'Expected are rows of LiteLLM_VerificationToken, or {keys: [...], teams: [...], users: [...], budgets: [...]}.',
    'keys',
  );
}

type Reader = (row: Row) => Item | { readonly id: string; readonly why: string };

const readers: Readonly<Record<keyof LiteLlmDump, Reader>> = {
  keys: (row) => itemOf('keys', row, { read: keyFrom, putOf: (id, key) => keyPut(id, key, 0) }),
  teams: (row) => itemOf('teams', row, { read: teamFrom, putOf: (id, team) => teamPut(id, team, 0) }),
  users: (row) => itemOf('users', row, { read: userFrom, putOf: (id, user) => userPut(id, user, 0) }),
  budgets: (row) => itemOf('budgets', row, { read: budgetFrom, putOf: (id, budget) => budgetPut(id, budget, 0) }),
};

interface Reading<T> {
  readonly read: (row: Row) => ReadRow<T>;
  readonly putOf: (id: string, row: T) => Put & { readonly kind: EntityKind };
}

function itemOf<T>(kind: keyof LiteLlmDump, source: Row, reading: Reading<T>): ReturnType<Reader> {
  const read = reading.read(source);
  if (read.kind === 'unusable') return { id: read.id, why: read.why };
  const { id, row, createdMs, spend, notes } = read;
  const put = { ...reading.putOf(id, row), ...(createdMs === undefined ? {} : { createdAtMs: createdMs }) };
  const without = (column: string): Item | undefined => {
    const item = readers[kind]({ ...source, [column]: null });
    return 'why' in item ? undefined : item;
  };
  return { kind, put, spend, notes, without };
}

function batches(items: readonly Item[]): readonly (readonly Item[])[] {
  const unique = [...new Map(items.map((item) => [`${item.put.kind} ${item.put.id}`, item])).values()];
  return Array.from({ length: Math.ceil(unique.length / batchSize) }, (_, at) =>
    unique.slice(at * batchSize, (at + 1) * batchSize),
  );
}
