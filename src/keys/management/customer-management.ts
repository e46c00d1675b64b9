import { z } from 'zod';
import { invalidRequest } from '../../kernel/errors';
import { type Put } from '../../state/entities/entity';
import { flag, id, name, text } from '../rows/field-types';
import { limitShape } from '../rows/limit-fields';
import { type Stored, stored } from '../rows/rows';
import { type BudgetRow, type CustomerRow, customerRowSchema } from '../rows/user-row';
import { type Actor, notFound } from './actor';
import { retrying } from './audited-writes';
import { committed, edited, readOne } from './edits';
import { checkedReferences, creatorOf } from './key-minting';
import { type ManagementParts } from './parts';
import { type ReadFields, readFields, readStrictly } from './request-fields';

/** `POST /customer/new` and `/customer/update`. */
export const customerShape = {
  ...limitShape,
  user_id: id,
  alias: name,
  blocked: flag,
  budget_id: id,
  allowed_model_region: text,
  default_model: name,
};
/** LiteLLM's fields that are taken, told, and not kept. */
const kept: ReadonlySet<string> = new Set(['spend', 'metadata', 'object_permission']);
const idsBody = z.strictObject({
  user_ids: z
    .array(id)
    .min(1)
    .max(1_000)
    .transform((ids) => [...new Set(ids)]),
});

/** A customer with the budget it points to. */
export interface SeenCustomer {
  readonly customer: Stored<'customer'>;
  readonly budget: BudgetRow | undefined;
}

/** The same, with the fields of LiteLLM that were sent and are not kept. */
export interface ChangedCustomer extends SeenCustomer {
  readonly ignored: readonly string[];
}

/** End users that the operator knows; admins only. */
export class CustomerManagement {
  constructor(private readonly parts: ManagementParts) {}

  /** @throws {GatewayError} 400 that names the field. */
  async create(actor: Actor, body: unknown): Promise<ChangedCustomer> {
    const { fields, kept: others } = readCustomer(body);
    const { user_id, ...rest } = fields;
    if (user_id === undefined) throw invalidRequest("'user_id' is missing.", 'user_id');
    const row = customerRowSchema.parse({ ...rest, created_by: creatorOf(actor) });
    const put = customerPut(user_id, row, 0);
    return retrying(async () => {
      if ((await readOne(this.parts, 'customer', user_id)) !== undefined)
        throw invalidRequest("'user_id' must be unique, and another customer has it.", 'user_id', 'already_exists');
      const checks = await checkedReferences(this.parts, { budget_id: row.budget_id });
      const customer = await committed(this.parts, put, { actor, action: 'customer.create', after: row }, [
        put,
        ...checks,
      ]);
      return { ...(await this.withBudget(customer)), ignored: Object.keys(others) };
    });
  }

  /** @throws {GatewayError} 400, 404 */
  async update(actor: Actor, body: unknown): Promise<ChangedCustomer> {
    const read = readCustomer(body);
    const { user_id, ...fields } = read.fields;
    if (user_id === undefined) throw invalidRequest("'user_id' is missing.", 'user_id');
    const seen = await this.change(actor, user_id, 'customer.update', (row) => {
      const changed = edited<'customer'>(customerRowSchema, row, { ...read, kept: {}, fields });
      if (changed.budget_id !== undefined && changed.max_budget !== undefined) throw bothBudgets();
      return changed;
    });
    return { ...seen, ignored: Object.keys(read.kept) };
  }

  /**
   * One that nobody knew is made, so that a name can be blocked before it is used.
   *
   * @throws {GatewayError} 404 when one to unblock is not there; then none is unblocked.
   */
  async block(actor: Actor, body: unknown, blocked: boolean): Promise<readonly SeenCustomer[]> {
    const { user_ids } = readStrictly(idsBody, body);
    if (!blocked) await this.known(user_ids);
    const action = blocked ? 'customer.block' : 'customer.unblock';
    const all: SeenCustomer[] = [];
    for (const each of user_ids)
      all.push(await this.change(actor, each, action, (row) => ({ ...row, blocked }), blocked));
    return all;
  }

  /** @throws {GatewayError} 404 when one is not there; then none is deleted. */
  async remove(actor: Actor, body: unknown): Promise<number> {
    const { user_ids } = readStrictly(idsBody, body);
    const customers = await this.known(user_ids);
    const objects = customers.map(({ kind, id: each }) => ({ kind, id: each }));
    const changes = customers.map(({ id: each, version }) => ({
      op: 'remove' as const,
      kind: 'customer' as const,
      id: each,
      expected: version,
    }));
    await this.parts.writes.commit(
      { actor, action: 'customer.delete', objects, before: customers.map(({ row }) => row) },
      changes,
    );
    return customers.length;
  }

  /** @param isNamed whether requests have named one whom the operator does not know. @throws {GatewayError} 404 */
  async info(customerId: string, isNamed: () => Promise<boolean>): Promise<SeenCustomer> {
    const customer = await readOne(this.parts, 'customer', customerId);
    if (customer !== undefined) return this.withBudget(customer);
    if (!(await isNamed())) throw notFound('customer', 'end_user_id');
    const unknown = { kind: 'customer', id: customerId, version: 0, createdAtMs: 0, updatedAtMs: 0 } as const;
    return { customer: { ...unknown, row: customerRowSchema.parse({}) }, budget: undefined };
  }

  /** Newest first; at most 1 000. */
  async list(): Promise<readonly SeenCustomer[]> {
    const { entities } = await this.parts.store.page('customer', { order: 'newest', offset: 0, limit: 1_000 });
    return Promise.all(entities.map((entity) => this.withBudget(stored('customer', entity))));
  }

  /** @throws {GatewayError} 404 when one of them is not there. */
  private async known(ids: readonly string[]): Promise<readonly Stored<'customer'>[]> {
    const found = await this.parts.store.many(ids.map((each) => ({ kind: 'customer' as const, id: each })));
    if (found.includes(undefined)) throw notFound('customer', 'user_ids');
    return found.flatMap((entity) => (entity === undefined ? [] : [stored('customer', entity)]));
  }

  private change(
    actor: Actor,
    customerId: string,
    action: string,
    ...[edit, makes = false]: [edit: (row: CustomerRow) => CustomerRow, makes?: boolean]
  ): Promise<SeenCustomer> {
    return retrying(async () => {
      const before = await readOne(this.parts, 'customer', customerId);
      if (before === undefined && !makes) throw notFound('customer', 'user_id');
      const row = edit(before?.row ?? customerRowSchema.parse({ created_by: creatorOf(actor) }));
      const put = customerPut(customerId, row, before?.version ?? 0);
      const checks = await checkedReferences(this.parts, { budget_id: row.budget_id });
      const act = { actor, action, before: before?.row, after: row };
      return this.withBudget(await committed(this.parts, put, act, [put, ...checks]));
    });
  }

  private async withBudget(customer: Stored<'customer'>): Promise<SeenCustomer> {
    const { budget_id } = customer.row;
    if (budget_id === undefined) return { customer, budget: undefined };
    return { customer, budget: (await readOne(this.parts, 'budget', budget_id))?.row };
  }
}

/** A customer's document. */
export function customerPut(
  customerId: string,
  row: CustomerRow,
  expected: number,
): Put & { readonly kind: 'customer' } {
  const lists = row.budget_id === undefined ? [] : [`budget:${row.budget_id}`];
  return { op: 'put', kind: 'customer', id: customerId, expected, names: [], lists, body: JSON.stringify(row) };
}

type CustomerFields = Partial<z.output<z.ZodObject<typeof customerShape>>>;

function readCustomer(body: unknown): ReadFields<CustomerFields> {
  const read = readFields(body, { shape: customerShape, keptNames: kept });
  const { budget_id, max_budget } = read.fields;
  if (budget_id !== undefined && max_budget !== undefined) throw bothBudgets();
  return read;
}

function bothBudgets(): Error {
  return invalidRequest("'max_budget' and 'budget_id' exclude each other: say one of them.", 'budget_id');
}
