import { type Observer } from '../kernel/observer';
import { type GatewayLogger } from '../telemetry/logger';
import { type AccountCondition, type AccountState } from './refresh/account-state';

interface Known {
  readonly trouble: AccountCondition | undefined;
  readonly generation: number;
}

/** Conditions that the operator should hear of. A file that cannot be written is told by whoever writes it. */
const troubles: ReadonlyMap<AccountCondition, readonly ['warn' | 'error', string]> = new Map([
  ['quarantined', ['error', 'a login cannot be used any more']],
  ['unusable', ['error', 'there is no login to use']],
  ['backing_off', ['warn', 'a login could not be renewed; it is tried again']],
] as const);
/** On the way from one condition to another: what was said before still holds. */
const passing: ReadonlySet<AccountCondition> = new Set(['refreshing', 'expiring']);

/** Tells the metrics how the logins stand, and the log what becomes of the logins: a trouble once when it begins and once when it is over, and who renewed a login. */
export class AccountNews {
  private readonly known = new Map<string, Known>();

  constructor(
    private readonly logger: Pick<GatewayLogger, 'event'>,
    private readonly observer?: Pick<Observer, 'accountStateSeen'>,
  ) {}

  /** @param states of all logins: one that is not among them is forgotten, and is news when it comes back. */
  tell(states: readonly AccountState[]): void {
    const ids = new Set(states.map(({ id }) => id));
    for (const id of this.known.keys()) if (!ids.has(id)) this.known.delete(id);
    for (const state of states) {
      this.compare(state, this.known.get(state.id));
      this.show(state);
    }
  }

  /** Under every name that the configuration has for it: metrics are read by those who wrote the configuration. */
  private show({ names, state: condition, plan, expiresAtMs: tokenExpiresAtMs, lastRefreshMs }: AccountState): void {
    for (const account of names) {
      this.observer?.accountStateSeen({ account, condition, plan, tokenExpiresAtMs, lastRefreshMs });
    }
  }

  private compare(state: AccountState, before: Known | undefined): void {
    const { id, names, generation, rotatedBy, rotatedById, advice } = state;
    const said = before?.trouble;
    const trouble = passing.has(state.state) ? said : troubles.has(state.state) ? state.state : undefined;
    this.known.set(id, { trouble, generation });
    const credential = names.join(', ');
    if (before !== undefined && before.generation > 0 && generation > before.generation)
      this.logger.event('info', 'a login was renewed', { credential, generation, by: rotatedBy, byId: rotatedById });
    if (trouble === said) return;
    const news = trouble && troubles.get(trouble);
    if (news === undefined) this.logger.event('info', 'a login is well again', { credential });
    else this.logger.event(news[0], news[1], { credential, advice });
  }
}
