import { GatewayError } from '../kernel/errors';
import { type AnswerEvent } from '../protocol/canonical/answer-event';
import { asObject, asString, parsedEvent } from '../protocol/canonical/parsed-event';
import { isTerminal, terminalOf } from '../protocol/canonical/terminal-event';
import { hookFailed } from '../prompts/hook-failed';

/** Watches that an answer which hooks change still has an end: a client must never take a part for the whole. */
export class ToldEnd {
  private hasEnded = false;

  /**
   * @param came what upstream said last, its own failures left out.
   * @param told what the hooks made of it.
   * @returns `told`.
   * @throws {GatewayError} 400 in the words of a hook that put a failure into the answer; 500 `hook_failed` when the last
   * event got lost, or says nothing any more.
   */
  checked(came: readonly AnswerEvent[], told: readonly AnswerEvent[]): readonly AnswerEvent[] {
    for (const event of told) {
      if (this.hasEnded || !isTerminal(event.type)) continue;
      if (terminalOf(event)?.state === 'failed') throw refusalBy(event);
      this.hasEnded = true;
    }
    if (this.hasEnded || !came.some(({ type }) => isTerminal(type))) return told;
    throw hookFailed(new TypeError('A response hook dropped or renamed the last event of an answer.'));
  }
}

/** What a `response.failed` or `error` event of a hook is to the client. */
function refusalBy(event: AnswerEvent): GatewayError {
  const parsed = parsedEvent(event);
  const words = asObject(asObject(parsed?.['response'])?.['error']) ?? asObject(parsed?.['error']) ?? parsed;
  const message = asString(words?.['message']);
  if (message === undefined || message === '')
    return hookFailed(new TypeError('A response hook ended an answer without a response, and without a message.'));
  const code = asString(words?.['code']);
  return new GatewayError({
    status: 400,
    type: 'invalid_request_error',
    // A Codex CLI stops at this one and shows the words.
    code: code !== undefined && /^[\w.-]{1,64}$/.test(code) ? code : 'invalid_prompt',
    message,
    shouldRetry: false,
  });
}
