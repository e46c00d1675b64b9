import { type Clock } from '../../kernel/clock';
import { GatewayError } from '../../kernel/errors';
import { type Limits, type ScopeLimits } from '../../kernel/limits';
import { type EntityStore, oneOf } from '../../state/entities/entity-store';
import { limitsOf, withBudget } from '../compile/limits-of';
import { type HolderRules } from '../compile/principal-of';
import { type GatewayLogger } from '../../telemetry/logger';
import { type Stored, stored } from '../rows/rows';
import { type BudgetRow } from '../rows/user-row';
import { FreshCache, type Loaded } from './fresh-cache';
import { type HolderReader } from './holder-reader';
import { type StateWatch } from './state-watch';

const mostCustomers = 10_000;
/** What the log and `doctor` say of a default budget that is not there. */
export const missingBudgetWords = {
  what: 'no budget has the name in max_end_user_budget_id: requests for customers without one of their own are refused',
  advice: 'make it with POST /budget/new, or name another one',
} as const;

interface CustomerFacts {
  readonly isBlocked: boolean;
  /** A budget that it is held to and that is not there. */
  readonly missingBudget: string | undefined;
  readonly limits: Limits;
  readonly name: string;
}

/** Where the directory reads. */
export interface CustomerParts {
  readonly store: EntityStore;
  readonly reader: HolderReader;
  readonly watch: StateWatch;
  readonly clock: Clock;
  readonly rules: HolderRules & { readonly customerBudgetId: string | undefined };
  readonly logger: Pick<GatewayLogger, 'event'>;
}

/**
 * What end users are held to. Their names come with requests, so anybody can make up any number of them: they never stand
 * for the key, and what is remembered of them is bounded.
 */
export class CustomerDirectory {
  private readonly cache: FreshCache<CustomerFacts>;
  private isMissingTold = false;

  constructor(private readonly parts: CustomerParts) {
    const { watch, clock, store } = parts;
    const bounds = { mostEntries: mostCustomers, mostAbsent: mostCustomers, nowMs: () => store.nowMs() };
    this.cache = new FreshCache(watch, clock, bounds);
  }

  /**
   * The book of a customer, to be entered beside those of the key; without limits for one that nobody knows.
   *
   * @throws {GatewayError} 403 for a blocked customer, and for one whose budget is not there. {StateUnavailable} when
   * nobody can say.
   */
  async scopeOf(customerId: string): Promise<ScopeLimits> {
    const { rules } = this.parts;
    const known = this.cache.peek(customerId) ?? (await this.cache.load(customerId, () => this.read(customerId)));
    if (known.value?.isBlocked === true) throw customerBlocked(customerId);
    const { missingBudget } = known.value ?? {};
    if (missingBudget !== undefined) throw budgetMissing(customerId, missingBudget);
    const limits = known.value?.limits ?? limitsOf(rules.customer ?? {}, { anchorMs: 0, increaseNanos: 0 });
    return { kind: 'customer', id: customerId, limits, mode: rules.limitMode, name: known.value?.name ?? customerId };
  }

  /** Looks whether the budget of customers without one is there; the log is told when it is not. @throws {StateUnavailable} */
  async checkDefault(): Promise<void> {
    const { reader, rules } = this.parts;
    const { budgets } = await reader.budgets(rules.customerBudgetId === undefined ? [] : [rules.customerBudgetId]);
    this.tellMissing(budgets.get(rules.customerBudgetId ?? ''));
  }

  private async read(id: string): Promise<Loaded<CustomerFacts> | undefined> {
    const { store, reader, rules } = this.parts;
    const entity = await oneOf(store, { kind: 'customer', id });
    const customer = entity === undefined ? undefined : stored('customer', entity);
    const budgetId = customer?.row.budget_id ?? rules.customerBudgetId;
    if (customer === undefined && budgetId === undefined) return undefined;
    const { budgets, refs } = await reader.budgets(budgetId === undefined ? [] : [budgetId]);
    const budget = budgets.get(budgetId ?? '');
    const missingBudget = budget === undefined ? budgetId : undefined;
    if (budgetId === rules.customerBudgetId) this.tellMissing(budget);
    const value = { ...this.factsOf(id, customer, budget), missingBudget };
    return {
      value,
      from: [{ kind: 'customer', id, version: entity?.version ?? 0 }, ...refs],
      untilMs: Number.POSITIVE_INFINITY,
    };
  }

  /** Once each time it goes missing: until then its customers were held to it, or the operator believes that they are. */
  private tellMissing(budget: BudgetRow | undefined): void {
    const { logger, rules } = this.parts;
    const name = budget === undefined ? rules.customerBudgetId : undefined;
    if (name !== undefined && !this.isMissingTold)
      logger.event('warn', missingBudgetWords.what, { names: [name], advice: missingBudgetWords.advice });
    this.isMissingTold = name !== undefined;
  }

  private factsOf(
    id: string,
    customer: Stored<'customer'> | undefined,
    budget: BudgetRow | undefined,
  ): Omit<CustomerFacts, 'missingBudget'> {
    const fields = withBudget(customer?.row ?? {}, budget, this.parts.rules.customer);
    const limits = limitsOf(fields, { anchorMs: customer?.createdAtMs ?? 0, increaseNanos: 0 });
    return { isBlocked: customer?.row.blocked ?? false, limits, name: customer?.row.alias ?? id };
  }
}

function customerBlocked(id: string): GatewayError {
  return customerDenied(
    'customer_blocked',
    `The customer '${id.slice(0, 120)}' is blocked. The operator of this gateway can open it again with POST /customer/unblock.`,
  );
}

/** Of the customer itself, or of all that have none (`max_end_user_budget_id`). */
function budgetMissing(id: string, budgetId: string): GatewayError {
  return customerDenied(
    'budget_missing',
    `The customer '${id.slice(0, 120)}' is held to the budget '${budgetId}', which does not exist. The operator of this gateway can make it with POST /budget/new.`,
  );
}

function customerDenied(code: string, message: string): GatewayError {
  return new GatewayError({
    status: 403,
    type: 'auth_error',
    code,
    param: 'user',
    message,
    author: 'key',
    shouldRetry: false,
  });
}
