import { type TokenUsage } from '../../kernel/usage';
import { type JsonObject } from '../canonical/canonical-request';
import { asObject } from '../canonical/parsed-event';
import { usageOf } from '../canonical/token-usage';

/**
 * The usage of an answer in either dialect: a Responses object or a chat completion, as a client has it.
 *
 * @returns undefined when there is none.
 */
export function toldUsage(answer: JsonObject): TokenUsage | undefined {
  const usage = asObject(answer['usage']);
  if (usage === undefined) return undefined;
  if (usage['prompt_tokens'] === undefined && usage['completion_tokens'] === undefined) return usageOf(answer);
  return usageOf({
    usage: {
      input_tokens: usage['prompt_tokens'],
      input_tokens_details: usage['prompt_tokens_details'],
      output_tokens: usage['completion_tokens'],
      output_tokens_details: usage['completion_tokens_details'],
    },
  });
}
