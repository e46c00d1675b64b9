import { type GatewayError } from '../../kernel/errors';
import { eventFrame } from '../wire/sse-frames';
import { stringifyWire } from '../wire/wire-text';

/** Which answer failed. */
export interface FailedAnswer {
  readonly responseId: string;
  /** Unix seconds. */
  readonly createdAt: number;
  /** Undefined where nobody asked for a name. */
  readonly model: string | undefined;
  /** One above the last number that was sent. */
  readonly sequenceNumber: number;
  /** Something of the answer was told before. */
  readonly isBegun: boolean;
  /** The reader is a Codex CLI. */
  readonly isCodexCli: boolean;
}

/** Codes at which every CLI version stops with words that fit; all others make it ask five more times. */
const cliStops: ReadonlySet<string> = new Set([
  'invalid_prompt',
  'model_not_found',
  'context_length_exceeded',
  'server_is_overloaded',
]);

/** A CLI obeys "try again in"; longer than this it only seems to hang. */
const longestCliWaitMs = 30_000;

/** The frame that ends a broken Responses stream; the reader learns nothing else. */
export function failedEvent(error: GatewayError, answer: FailedAnswer): string {
  const told = answer.isCodexCli ? forCli(error, answer.isBegun) : { code: error.code, message: error.message };
  return emptyAnswer('response.failed', answer, { status: 'failed', error: told });
}

/** The frame that opens an answer of which nothing was told before it failed: SDKs take no other event first. */
export function createdEvent(answer: FailedAnswer): string {
  return emptyAnswer('response.created', answer, { status: 'in_progress', error: null });
}

function emptyAnswer(
  type: string,
  { sequenceNumber, responseId, createdAt, model }: FailedAnswer,
  state: { readonly status: string; readonly error: Told | null },
): string {
  const response = {
    id: responseId,
    object: 'response',
    created_at: createdAt,
    ...state,
    incomplete_details: null,
    ...(model === undefined ? {} : { model }),
    output: [],
    ...unanswered,
    usage: null,
  };
  return eventFrame(type, stringifyWire({ type, sequence_number: sequenceNumber, response }));
}

/** What a response says of its question: clients are promised these members, and nobody has said them. */
const unanswered = {
  instructions: null,
  metadata: {},
  parallel_tool_calls: true,
  temperature: null,
  tool_choice: 'auto',
  tools: [],
  top_p: null,
};

interface Told {
  readonly code: string;
  readonly message: string;
}

/**
 * The code decides whether the CLI asks again, and each time is a full model call: what asking again cannot mend stops
 * it, a short limit makes it wait, a missing capacity stops it, and only an accident on the way is tried again: where nothing
 * of an answer has come, whoever could stand in has been asked already.
 */
function forCli({ code, message, status, author, details }: GatewayError, isBegun: boolean): Told {
  if (cliStops.has(code)) return { code, message };
  if (status === 429)
    return limitForCli(message, author === 'key' || author === 'upstream' ? details.retryAfterMs : undefined);
  if (status === 503) return { code: 'server_is_overloaded', message };
  // A failure of our own would cost five more answers to meet the same end.
  if (status > 500 && author !== 'key') return { code: isBegun ? 'server_error' : 'server_is_overloaded', message };
  return { code: 'invalid_prompt', message };
}

function limitForCli(message: string, retryAfterMs: number | undefined): Told {
  if (retryAfterMs === undefined || retryAfterMs > longestCliWaitMs) return { code: 'invalid_prompt', message };
  return {
    code: 'rate_limit_exceeded',
    message: `${message} Please try again in ${Math.max(1, Math.ceil(retryAfterMs / 1000))}s.`,
  };
}
