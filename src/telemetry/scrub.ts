import { GatewayError } from '../kernel/errors';
import { UpstreamFailure } from '../kernel/upstream-failure';

const hidden = '[redacted]';
/** What keys and tokens look like inside a sentence: bearer values, `sk-`, `at-` and `rt.` keys, signed parts, JWTs. */
const secretShapes =
  /\bbearer\s+\S+|\b(?:sk|at|rt|whsec)[-._][A-Za-z0-9_-]{8,}|\beyJ[A-Za-z0-9_-]{10,}(?:\.[A-Za-z0-9_-]+)*/gi;
/** JSON escapes the C0 controls; these it lets through, and terminals obey some of them. */
const loudCharacters = /[\u007f-\u009f\u2028\u2029]/g;
/** Characters of a foreign error's message that are shown. */
const longestMessage = 200;
const nameShape = /^[\w$.#-]{1,40}$/;

/** Text of any origin, fit for a log line. */
export function scrub(text: string): string {
  return text.replace(secretShapes, hidden).replace(loudCharacters, '?');
}

/** Letters, digits and what stands between them in names of models; no blanks, so that nobody's sentence passes. */
const modelShape = /^[\p{L}\p{N}._/:@+*-]{1,120}$/u;

/** The name of a model as a client wrote it, when it looks like one. */
export function shownModel(name: string): string {
  const cut = name.slice(0, 120);
  return modelShape.test(cut) ? scrub(cut) : '[odd name]';
}

/** What a log may tell of something thrown. */
export interface ShownFailure {
  readonly error: string;
  readonly reason?: string;
  readonly code?: string;
  readonly stack?: string;
}

/**
 * A thrown thing in words that quote nothing. Our own errors are written to be shown. Foreign ones quote what they were
 * given (`JSON.parse` even the text around the fault), so of their messages only what stands outside of quotes is kept, and
 * of their stacks only where they were thrown.
 */
export function shownFailure(thrown: unknown): ShownFailure {
  if (!(thrown instanceof Error)) return { error: typeof thrown };
  const isOurs = thrown instanceof GatewayError || thrown instanceof UpstreamFailure;
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;
  return {
    error: thrown.name,
    ...(thrown instanceof SyntaxError ? {} : { reason: isOurs ? thrown.message : unquoted(thrown.message) }),
    ...(code === undefined ? {} : { code }),
    stack: framesOf(thrown),
  };
}

/** Names of properties and functions stay, since they are what a bug is found by; everything else in quotes goes. */
function unquoted(message: string): string {
  return message
    .slice(0, longestMessage)
    .replace(/(['"`])([^'"`]*)(['"`]|$)/g, (quoted, opening: string, inner: string, closing: string) =>
      opening === closing && nameShape.test(inner) ? quoted : '…',
    );
}

function framesOf({ stack }: Error): string {
  const lines = (stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return lines.slice(0, 12).join('\n');
}
