import { type Clock } from '../../kernel/clock';
import { ExpiringMap } from './expiring-map';
import { PinStore } from './pin-store';

/** About 150 bytes each. */
const mostPins = 50_000;

/** Pins of a gateway that is alone. */
export class LocalPins extends PinStore {
  private readonly pins = new ExpiringMap<string>(mostPins);

  constructor(private readonly clock: Pick<Clock, 'nowMs'>) {
    super();
  }

  override ask(pins: readonly string[]): readonly (string | undefined)[] {
    const nowMs = this.clock.nowMs();
    return pins.map((pin) => this.pins.get(pin, nowMs));
  }

  override pin(pin: string, value: string, ttlMs: number): void {
    this.pins.set(pin, value, this.clock.nowMs() + ttlMs);
  }
}
