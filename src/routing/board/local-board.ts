import { type QuotaRecord } from '../quota/quota-record';
import { type Cooldown, laterOf } from '../trouble/cooldown';
import { type BoardListener, RoutingBoard } from './routing-board';

/** The board of a gateway that is alone. */
export class LocalBoard extends RoutingBoard {
  private readonly listeners = new Set<BoardListener>();
  private readonly cooldowns = new Map<string, Cooldown>();
  private readonly quotas = new Map<string, QuotaRecord>();

  override listen(listener: BoardListener): () => void {
    this.listeners.add(listener);
    for (const cooldown of this.cooldowns.values()) listener.cooled(cooldown);
    for (const [account, record] of this.quotas) listener.quotaKnown(account, record);
    return () => {
      this.listeners.delete(listener);
    };
  }

  override cool(cooldown: Cooldown): void {
    const kept = laterOf(this.cooldowns.get(cooldown.scope), cooldown);
    this.cooldowns.set(cooldown.scope, kept);
    for (const listener of this.listeners) listener.cooled(kept);
  }

  override clear(scope: string, nowMs: number): void {
    this.cooldowns.delete(scope);
    for (const listener of this.listeners) listener.cleared(scope, nowMs);
  }

  override quotaKnown(account: string, record: QuotaRecord): void {
    this.quotas.set(account, record);
    for (const listener of this.listeners) listener.quotaKnown(account, record);
  }

  override close(): void {
    this.listeners.clear();
  }
}
