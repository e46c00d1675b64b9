import { type CellGauge } from '../cell-metrics';
import { stepBounds } from './metric-bounds';
import { isPerson, type MetricFactory } from './metric-factory';
import { MetricFamily } from './metric-family';
import * as labels from './metric-labels';

/** The books: admissions, settlements, and those who look after them. */
export class BookMetrics extends MetricFamily {
  readonly holds = this.make.counter(
    {
      name: 'codex_holds_total',
      help: 'Admissions: admitted, refused, unavailable.',
      labels: ['outcome'],
    },
    [['admitted'], ['refused'], ['unavailable']],
  );
  readonly refusals = this.make.counter({
    name: 'codex_admission_refusals_total',
    help: 'Requests refused by a limit.',
    labels: ['scope', 'limit'],
  });
  readonly admission = this.make.histogram(
    { name: 'codex_admission_seconds', help: 'How long the books took to let a request in.', labels: ['outcome'] },
    stepBounds,
  );
  readonly held = this.make.counter({
    name: 'codex_held_dollars_total',
    help: 'Money set aside at admissions, US dollars.',
    labels: [],
  });
  readonly settlements = this.make.counter(
    {
      name: 'codex_settlements_total',
      help: 'Closed tickets: settled, estimated, reaped, late, replayed, void.',
      labels: ['kind'],
    },
    [['settled'], ['estimated'], ['reaped'], ['late'], ['replayed'], ['void']],
  );
  readonly settlement = this.make.histogram(
    { name: 'codex_settlement_seconds', help: 'How long a settlement took.', labels: ['kind'] },
    stepBounds,
  );
  readonly backlog = this.make.level(
    {
      name: 'codex_settlement_backlog',
      help: 'Settlements written down here that wait for the shared state.',
    },
    'sum',
  );
  readonly spendQueue = this.make.level(
    {
      name: 'litellm_in_memory_spend_update_queue_size',
      help: 'The same as codex_settlement_backlog, under the name that LiteLLM users know.',
    },
    'sum',
  );
  readonly reaped = this.make.counter({
    name: 'codex_reaped_tickets_total',
    help: 'Tickets settled for processes that died.',
    labels: [],
  });
  readonly reaperDuration = this.make.histogram(
    { name: 'codex_reaper_seconds', help: "How long a reaper's round with work took.", labels: [] },
    stepBounds,
  );
  readonly reconcileRuns = this.make.counter({
    name: 'codex_reconcile_runs_total',
    help: 'Comparisons of counters and ledger.',
    labels: [],
  });
  readonly reconcileChecked = this.make.counter({
    name: 'codex_reconcile_checked_total',
    help: 'Counters that were compared with the ledger.',
    labels: [],
  });
  readonly reconcileRepairs = this.make.counter({
    name: 'codex_reconcile_repairs_total',
    help: 'Counters that were set right from the ledger.',
    labels: [],
  });
  readonly mismatches = this.make.level(
    {
      name: 'codex_ledger_mismatches',
      help: 'Counters that differed from the ledger in the last comparison and were not set right.',
    },
    'max',
  );
}

/** What is left of limits and budgets; written at each scrape from the newest readings. */
export class LimitMetrics extends MetricFamily {
  readonly used = this.make.gauge(
    {
      name: 'codex_limit_used_ratio',
      help: 'How far a limit is used, holds included; above 1 after an overshoot or in observe mode.',
      labels: ['scope', 'id', 'name', 'model', 'limit', 'period'],
    },
    'max',
  );
  readonly keyBudget = this.budget('api_key', labels.key);
  readonly teamBudget = this.budget('team', labels.team);
  readonly userBudget = this.budget('user', ['user']);
  readonly customerBudget = this.budget('customer', ['end_user']);
  readonly keyRequests = this.forModel('litellm_remaining_api_key_requests_for_model', 'Requests');
  readonly keyTokens = this.forModel('litellm_remaining_api_key_tokens_for_model', 'Tokens');

  private budget(scope: string, names: readonly string[]): BudgetGauges {
    return new BudgetGauges(this.make, scope, names);
  }

  private forModel(name: string, what: string): CellGauge {
    const help = `${what} left to a key for one model in its rate window.`;
    return this.make.gauge({ name, help, labels: [...labels.key, 'model', 'model_id'] }, 'min');
  }
}

/** LiteLLM's three gauges of one scope's budget, US dollars and hours. */
export class BudgetGauges {
  readonly remaining: CellGauge;
  readonly max: CellGauge;
  readonly hours: CellGauge;
  /** False while metrics do not tell the people apart whom the budgets belong to. */
  readonly isShown: boolean;

  constructor(make: MetricFactory, scope: string, names: readonly string[]) {
    const gauge = (name: string, help: string, across: 'min' | 'max'): CellGauge =>
      make.gauge({ name, help, labels: names }, across);
    const remaining = `litellm_remaining_${scope}_budget_metric`;
    this.remaining = gauge(remaining, 'Left of the budget, US dollars.', 'min');
    this.max = gauge(`litellm_${scope}_max_budget_metric`, 'The budget, US dollars.', 'max');
    this.hours = gauge(`litellm_${scope}_budget_remaining_hours_metric`, 'Hours until the budget starts anew.', 'min');
    this.isShown = names.every((label) => make.shows(remaining, label) || !isPerson(label));
  }

  /** Forgets every series. */
  forget(): void {
    for (const gauge of [this.remaining, this.max, this.hours]) gauge.forget();
  }
}
