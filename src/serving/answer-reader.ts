import { UpstreamFailure } from '../kernel/upstream-failure';
import { type Taken } from '../outbound/outbound';
import { type AnswerEvent } from '../protocol/canonical/answer-event';
import { type AnswerOutcome } from '../protocol/canonical/answer-outcome';
import { isTerminal } from '../protocol/canonical/terminal-event';
import { type RoutedAnswer } from '../routing/router';
import { type EventHook } from './event-hooks';

/** Reads a routed answer to its terminal event and no further: the held events first, then what arrives. */
export class AnswerReader {
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
    const { tracker, answer, held } = this.routed;
    // Taken out: they hold the first chunks as a whole, and the answer may run for an hour.
    const first = take(this.translated(held.splice(0)));
    this.heard();
    if (first !== undefined) await first;
    let isWanted = first !== false;
    if (isWanted && tracker.outcome.state === 'open') {
      await answer.each((events) => {
        for (const event of events) tracker.see(event);
        const taken = take(this.translated(events));
        this.heard();
        isWanted = taken !== false;
        return tracker.outcome.state === 'open' ? taken : false;
      });
    }
    if (!isWanted) return;
    if (tracker.outcome.state === 'failed') throw tracker.outcome.failure;
    if (tracker.outcome.state === 'open') throw cutAfterContent();
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
