import { UpstreamFailure } from '../kernel/upstream-failure';
import { type Taken } from '../outbound/outbound';
import { type AnswerEvent } from '../protocol/canonical/answer-event';
import { type AnswerOutcome } from '../protocol/canonical/answer-outcome';
import { isTerminal } from '../protocol/canonical/terminal-event';
import { type RoutedAnswer } from '../routing/router';
import { type EventHook } from './event-hooks';

/** Reads a routed answer to its terminal event and no further: the held events first, then what arrives. */
export class AnswerReader {
  private reading: Promise<void> | undefined;
  /** Nobody listens any more, and why, if that is no good end. */
  private isUnheard = false;
  private reason: Error | undefined;
  private left: ((reason: Error) => void) | undefined;

  constructor(
    readonly routed: RoutedAnswer,
    private readonly hook: EventHook | undefined,
    /** The native surface tells upstream's own failure events as they came. */
    private readonly tellsFailures: boolean,
    /** Told after each chunk: what was used grows with it. */
    private readonly heard: () => void,
  ) {}

  get outcome(): AnswerOutcome {
    return this.routed.tracker.outcome;
  }

  /** The terminal event was read, and it is no failure. */
  get isOver(): boolean {
    const { state } = this.outcome;
    return state === 'completed' || state === 'incomplete';
  }

  /**
   * Hands `take` the events to translate, a batch for each upstream chunk, up to the terminal one or until it returns false.
   *
   * @throws {UpstreamFailure} the upstream's own failure, `cut` when it closed without a terminal event, `network`, `timeout`.
   */
  async each(take: (events: readonly AnswerEvent[]) => Taken): Promise<void> {
    const { tracker, held } = this.routed;
    // Taken out: they hold the first chunks as a whole, and the answer may run for an hour.
    const first = take(this.translated(held.splice(0)));
    this.heard();
    if (first !== undefined) await first;
    if (this.reason !== undefined) throw this.reason;
    if (first === false) return;
    if (tracker.outcome.state === 'open' && !(await this.readFor(take))) return;
    if (tracker.outcome.state === 'failed') throw tracker.outcome.failure;
    if (tracker.outcome.state === 'open') throw cutAfterContent();
  }

  /** Ends `each` with this reason; the answer itself runs on until it is cancelled, for `rest`. */
  leave(reason: Error): void {
    this.isUnheard = true;
    this.reason = reason;
    this.left?.(reason);
  }

  /** Reads what is left to the terminal event, for the sake of the books alone. Never fails. */
  async rest(): Promise<void> {
    this.isUnheard = true;
    const { tracker, answer } = this.routed;
    if (tracker.outcome.state !== 'open') return;
    this.reading ??= answer.each((events) => this.unheard(events));
    try {
      await this.reading;
    } catch {
      // It broke off or was cancelled: how much of it was seen is known.
    }
  }

  /** @returns false when `take` wanted no more while there was more: then the answer still runs. */
  private readFor(take: (events: readonly AnswerEvent[]) => Taken): Promise<boolean> {
    const { tracker, answer } = this.routed;
    return new Promise((resolve, reject) => {
      this.left = reject;
      this.reading = answer.each((events) => {
        if (this.isUnheard) return this.unheard(events);
        for (const event of events) tracker.see(event);
        const taken = take(this.translated(events));
        this.heard();
        if (tracker.outcome.state !== 'open') return false;
        if (taken !== false) return taken;
        this.isUnheard = true;
        resolve(false);
        return undefined;
      });
      this.reading.then(() => {
        resolve(true);
      }, reject);
    });
  }

  private unheard(events: readonly AnswerEvent[]): Taken {
    const { tracker } = this.routed;
    for (const event of events) tracker.see(event);
    this.heard();
    return tracker.outcome.state === 'open' ? undefined : false;
  }

  /** Elsewhere the terminal failure is told by `fail`, in the client's own dialect, so the encoder does not see it. */
  private translated(events: readonly AnswerEvent[]): readonly AnswerEvent[] {
    const shown = this.outcome.state === 'failed' && !this.tellsFailures ? beforeTerminal(events) : events;
    return this.hook === undefined ? shown : this.hook(shown);
  }
}

function beforeTerminal(events: readonly AnswerEvent[]): readonly AnswerEvent[] {
  return events.slice(
    0,
    events.findIndex(({ type }) => isTerminal(type)),
  );
}

function cutAfterContent(): UpstreamFailure {
  return new UpstreamFailure({
    kind: 'cut',
    message: 'The upstream closed the stream before the answer was complete. What came so far is not the whole answer.',
  });
}
