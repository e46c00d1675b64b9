import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { GatewayError, invalidRequest } from '../../kernel/errors';
import { type EntityKind, type Put } from '../../state/entities/entity';
import { id } from '../rows/field-types';
import { limitShape } from '../rows/limit-fields';
import { type Stored, stored } from '../rows/rows';
import { type BudgetRow, budgetRowSchema } from '../rows/user-row';
import { type Actor, notFound } from './actor';
import { retrying } from './audited-writes';
import { committed, edited, readOne } from './edits';
import { creatorOf } from './key-minting';
import { type ManagementParts } from './parts';
import { readFields, readStrictly } from './request-fields';

/** `POST /budget/new` and `/budget/update`. */
export const budgetShape = { ...limitShape, budget_id: id };
/** LiteLLM's fields that are taken, told, and not kept. */
const kept: ReadonlySet<string> = new Set(['allowed_models', 'budget_reset_at']);
const removeBody = z.strictObject({ id });
const infoBody = z.strictObject({ budgets: z.array(id).max(1_000) });

/** Kinds of documents that can point to a budget. */
const pointers: readonly EntityKind[] = ['key', 'team', 'user', 'member', 'customer'];

/** A budget, with the fields of LiteLLM that were sent and are not kept. */
export interface ChangedBudget {
  readonly budget: Stored<'budget'>;
  readonly ignored: readonly string[];
}

/** Budgets under a name; admins only. */
export class BudgetManagement {
  constructor(private readonly parts: ManagementParts) {}

  /** @throws {GatewayError} 400 that names the field. */
  async create(actor: Actor, body: unknown): Promise<ChangedBudget> {
    const { fields, kept: others } = readFields(body, { shape: budgetShape, keptNames: kept });
    const { budget_id = randomUUID(), ...limits } = fields;
    const row = budgetRowSchema.parse({ ...limits, created_by: creatorOf(actor) });
    const put = budgetPut(budget_id, row, 0);
    return retrying(async () => {
      if ((await readOne(this.parts, 'budget', budget_id)) !== undefined)
        throw invalidRequest("'budget_id' must be unique, and another budget has it.", 'budget_id', 'already_exists');
      const budget = await committed(this.parts, put, { actor, action: 'budget.create', after: row }, [put]);
      return { budget, ignored: Object.keys(others) };
    });
  }

  /** @throws {GatewayError} 400, 404 */
  async update(actor: Actor, body: unknown): Promise<ChangedBudget> {
    const { fields, ...read } = readFields(body, { shape: budgetShape, keptNames: kept });
    const { budget_id, ...limits } = fields;
    if (budget_id === undefined) throw invalidRequest("'budget_id' is missing.", 'budget_id');
    return retrying(async () => {
      const before = await readOne(this.parts, 'budget', budget_id);
      if (before === undefined) throw notFound('budget', 'budget_id');
      const row = edited<'budget'>(budgetRowSchema, before.row, { ...read, kept: {}, fields: limits });
      const put = budgetPut(budget_id, row, before.version);
      const act = { actor, action: 'budget.update', before: before.row, after: row };
      return { budget: await committed(this.parts, put, act, [put]), ignored: Object.keys(read.kept) };
    });
  }

  /** Only a budget that nothing points to: its limits would vanish with it. @throws {GatewayError} 404, 409 */
  async remove(actor: Actor, body: unknown): Promise<Stored<'budget'>> {
    const { id: budgetId } = readStrictly(removeBody, body);
    // No document points to it for the customers that have none: the settings do.
    if (budgetId === this.parts.rules.customerBudgetId)
      throw budgetInUse('max_end_user_budget_id of the configuration', 'Name another one there first.');
    const list = `budget:${budgetId}`;
    return retrying(async () => {
      const budget = await readOne(this.parts, 'budget', budgetId);
      if (budget === undefined) throw notFound('budget', 'id');
      const counts = await Promise.all(pointers.map((kind) => this.parts.store.counts(kind, [list])));
      const users = pointers.filter((_, at) => (counts[at]?.[0] ?? 0) > 0);
      if (users.length > 0)
        throw budgetInUse(`some ${users.join(' and some ')}`, 'Give these another budget_id first.');
      const act = {
        actor,
        action: 'budget.delete',
        before: budget.row,
        objects: [{ kind: budget.kind, id: budgetId }],
      };
      const seen = pointers.map((kind) => ({ kind, list, length: 0 }));
      await this.parts.writes.commit(act, [
        { op: 'remove', kind: 'budget', id: budgetId, expected: budget.version, seen },
      ]);
      return budget;
    });
  }

  /** `POST /budget/info`: those that are there, in the order of the request. */
  async info(body: unknown): Promise<readonly Stored<'budget'>[]> {
    const { budgets } = readStrictly(infoBody, body);
    const found =
      budgets.length === 0
        ? []
        : await this.parts.store.many(budgets.map((each) => ({ kind: 'budget' as const, id: each })));
    return found.flatMap((entity) => (entity === undefined ? [] : [stored('budget', entity)]));
  }

  /** All of them, newest first; at most 1 000. */
  async list(): Promise<readonly Stored<'budget'>[]> {
    const { entities } = await this.parts.store.page('budget', { order: 'newest', offset: 0, limit: 1_000 });
    return entities.map((entity) => stored('budget', entity));
  }
}

/** A budget's document. */
export function budgetPut(budgetId: string, row: BudgetRow, expected: number): Put & { readonly kind: 'budget' } {
  return { op: 'put', kind: 'budget', id: budgetId, expected, names: [], lists: [], body: JSON.stringify(row) };
}

function budgetInUse(user: string, wayOut: string): GatewayError {
  return new GatewayError({
    status: 409,
    type: 'conflict_error',
    code: 'budget_in_use',
    param: 'id',
    message: `The budget is in use by ${user}. ${wayOut}`,
    shouldRetry: false,
  });
}
