import { Observer } from '../../src/kernel/observer';

/** Hears everything and tells nobody. */
export class SilentObserver extends Observer {
  requestEnded(): void {
    // Nobody asks.
  }
  attemptEnded(): void {
    // Nobody asks.
  }
}
