import { type JsonObject } from './json';

/** One thing the simulator does while it answers. A hold lasts until `release()` or until the client goes. */
export type Step =
  | { readonly kind: 'write'; readonly bytes: Buffer }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'hold' }
  | { readonly kind: 'close'; readonly how: 'fin' | 'reset' };

/** One SSE event: `type` and the fields beside it, without sequence number. */
export interface WireEvent {
  readonly fields: JsonObject & { readonly type: string };
  /** Silence before the event, milliseconds. */
  readonly gapMs?: number;
}

/** What an answer may depend on. */
export interface Asked {
  readonly host: 'codex' | 'openai';
  readonly model: string;
  /** The request body; empty for routes without one. */
  readonly body: JsonObject;
  readonly headers: Readonly<Record<string, string>>;
  /** Whether streams begin with the `codex.*` frames. */
  readonly metadataFrames: boolean;
  /** Where `fixture()` finds its files. */
  readonly fixtures: string;
}

/** A whole scripted answer. */
export interface Answer {
  readonly kind: 'answer';
  readonly status: number;
  /** Laid over the usual headers of the route. */
  readonly headers: Readonly<Record<string, string>>;
  /** Done before the status line is sent. */
  readonly preface: readonly Step[];
  /** Status line, headers, then these; afterwards the answer ends. */
  readonly steps: (asked: Asked) => readonly Step[];
  /** Present on event streams: lets the plain host answer in one JSON body. */
  readonly events?: (asked: Asked) => readonly WireEvent[];
}

/** The route's own answer, only later or changed on its way. */
export interface Usual {
  readonly kind: 'usual';
  /** Done before the route decides. */
  readonly preface: readonly Step[];
  readonly change?: (answer: Answer) => Answer;
}

/** What a script holds. */
export type Reply = Answer | Usual;

/** @returns the step that writes this text. */
export function write(text: string): Step {
  return { kind: 'write', bytes: Buffer.from(text, 'utf8') };
}

/** The route's own answer once `release()` is called: shows who waits while a call is under way. */
export function heldUsual(): Usual {
  return { kind: 'usual', preface: [{ kind: 'hold' }] };
}

/**
 * The route does its work and this changes the answer: `usualChanged((answer) => cutAfterBytes(answer, 0))` at the
 * token endpoint spends the refresh token and loses its successor.
 */
export function usualChanged(change: (answer: Answer) => Answer): Usual {
  return { kind: 'usual', preface: [], change };
}

/** The same answer, its status line only after a pause. */
export function delayed(answer: Answer, ms: number): Answer {
  return { ...answer, preface: [{ kind: 'wait', ms }, ...answer.preface] };
}

/** The same answer, its status line only after `release()`. */
export function held(answer: Answer): Answer {
  return { ...answer, preface: [{ kind: 'hold' }, ...answer.preface] };
}

/** The same answer with more headers; they win over the usual ones. */
export function withHeaders(answer: Answer, headers: Readonly<Record<string, string>>): Answer {
  return { ...answer, headers: { ...answer.headers, ...headers } };
}

/** The connection is taken, nothing is ever said (until `release()`, which then hangs up). */
export function silence(): Answer {
  return { ...json(200, {}), preface: [{ kind: 'hold' }, { kind: 'close', how: 'fin' }] };
}

/** The connection dies before the status line. */
export function refusedConnection(how: 'fin' | 'reset' = 'reset'): Answer {
  return { ...json(200, {}), preface: [{ kind: 'close', how }] };
}

/** A JSON answer, or a text one when the body is a string. */
export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const type = typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json';
  return {
    kind: 'answer',
    status,
    headers: { 'content-type': type, ...headers },
    preface: [],
    steps: () => (text === '' ? [] : [write(text)]),
  };
}

/** Breaks the body off after so many bytes: FIN is a quiet end without the closing chunk, RST an error on the socket. */
export function cutAfterBytes(answer: Answer, bytes: number, how: 'fin' | 'reset' = 'fin'): Answer {
  return {
    ...answer,
    steps: (asked) => [...splitAfter(answer.steps(asked), bytes).before, { kind: 'close', how }],
  };
}

/** Falls silent after so many bytes; `release()` lets the rest through. */
export function stall(answer: Answer, afterBytes: number): Answer {
  return {
    ...answer,
    steps: (asked) => {
      const { before, after } = splitAfter(answer.steps(asked), afterBytes);
      return [...before, { kind: 'hold' }, ...after];
    },
  };
}

/** Sends the body in small writes with a pause after each: frames and characters get torn apart. */
export function drip(answer: Answer, bytesPerWrite: number, gapMs: number): Answer {
  return { ...answer, steps: (asked) => answer.steps(asked).flatMap((step) => dripped(step, bytesPerWrite, gapMs)) };
}

function dripped(step: Step, bytesPerWrite: number, gapMs: number): readonly Step[] {
  if (step.kind !== 'write') return [step];
  const pieces: Step[] = [];
  for (let at = 0; at < step.bytes.length; at += bytesPerWrite) {
    pieces.push({ kind: 'write', bytes: step.bytes.subarray(at, at + bytesPerWrite) }, { kind: 'wait', ms: gapMs });
  }
  return pieces;
}

interface SplitSteps {
  readonly before: readonly Step[];
  readonly after: readonly Step[];
}

function splitAfter(steps: readonly Step[], bytes: number): SplitSteps {
  const before: Step[] = [];
  const after: Step[] = [];
  let left = bytes;
  for (const step of steps) {
    if (step.kind !== 'write') (left > 0 ? before : after).push(step);
    else {
      const [head, tail] = [step.bytes.subarray(0, left), step.bytes.subarray(left)];
      if (head.length > 0) before.push({ kind: 'write', bytes: head });
      if (tail.length > 0) after.push({ kind: 'write', bytes: tail });
      left = Math.max(0, left - step.bytes.length);
    }
  }
  return { before, after };
}
