import { forgetOldest } from '../../kernel/forget-oldest';

/** Where a conversation went, and until when that counts. */
export interface Pin {
  readonly value: string;
  readonly endsAtMs: number;
}

const mostPins = 100_000;

/** The places of conversations, in this process. Bounded: those pinned longest ago go first. */
export class PinBoard {
  private readonly pins = new Map<string, Pin>();

  get(pin: string, nowMs: number): string | undefined {
    const found = this.pins.get(pin);
    return found === undefined || found.endsAtMs <= nowMs ? undefined : found.value;
  }

  set(pin: string, value: string, endsAtMs: number): void {
    this.pins.delete(pin);
    this.pins.set(pin, { value, endsAtMs });
    forgetOldest(this.pins, mostPins);
  }

  entries(): IterableIterator<[string, Pin]> {
    return this.pins.entries();
  }
}
