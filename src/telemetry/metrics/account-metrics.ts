import { stepBounds } from './metric-bounds';
import { MetricFamily } from './metric-family';

/** The Codex accounts behind the gateway. `account` is the name of a credential. */
export class AccountMetrics extends MetricFamily {
  readonly info = this.make.gauge(
    { name: 'codex_account_info', help: 'Always 1; tells the plan of an account.', labels: ['account', 'plan'] },
    'max',
  );
  readonly state = this.make.gauge(
    {
      name: 'codex_account_state',
      help: '1 for the condition that the login is in, 0 for the others.',
      labels: ['account', 'state'],
    },
    'max',
  );
  readonly quarantined = this.make.gauge(
    {
      name: 'codex_account_quarantined',
      help: '1 while nothing but a person can bring the login back.',
      labels: ['account'],
    },
    'max',
  );
  readonly tokenExpiry = this.make.gauge(
    {
      name: 'codex_account_token_expiry_timestamp_seconds',
      help: 'When the access token runs out, Unix time.',
      labels: ['account'],
    },
    'max',
  );
  readonly lastRefresh = this.make.gauge(
    {
      name: 'codex_account_last_refresh_timestamp_seconds',
      help: 'When the login was last renewed, Unix time.',
      labels: ['account'],
    },
    'max',
  );
  readonly refreshes = this.make.counter({
    name: 'codex_refreshes_total',
    help: 'Renewals of logins: renewed, refused, failed, uncertain.',
    labels: ['account', 'outcome'],
  });
  readonly refreshDuration = this.make.histogram(
    { name: 'codex_refresh_seconds', help: 'How long a renewal took.', labels: ['outcome'] },
    stepBounds,
    [['renewed'], ['refused'], ['failed'], ['uncertain']],
  );
  readonly windowUsed = this.make.gauge(
    {
      name: 'codex_account_window_used_ratio',
      help: 'How far a quota window of the plan is used, 0 to 1.',
      labels: ['account', 'window', 'limit'],
    },
    'max',
  );
  readonly windowReset = this.make.gauge(
    {
      name: 'codex_account_window_reset_timestamp_seconds',
      help: 'When a quota window of the plan starts anew, Unix time.',
      labels: ['account', 'window', 'limit'],
    },
    'max',
  );
  readonly credits = this.make.gauge(
    {
      name: 'codex_account_credits',
      help: "Credits left beyond the plan's windows, in the provider's measure; +Inf when unlimited.",
      labels: ['account'],
    },
    'min',
  );
}
