/**
 * Every field that a log line may have. What is not listed is not shown, whoever logs it: a field with a new name has to be
 * looked at here first. None holds a prompt, an answer, a key or a token; `question` and `answer` are only written for keys
 * whose owner asked for it, see `content-log.ts`.
 */
const logFieldNames = [
  // Whatever the line is about.
  'context', 'stack', 'error', 'code', 'reason', 'advice', 'names', 'tries', 'count', 'limit',
  // A request: who, what, where, how it ended.
  'requestId', 'callId', 'traceId', 'route', 'status', 'end', 'errorCode', 'stream', 'attempts', 'dropped', 'remappedFrom',
  'keyHash', 'keyAlias', 'team', 'user', 'clientIp', 'userAgent',
  'model', 'upstreamModel', 'deployment', 'account',
  'inputTokens', 'cachedTokens', 'outputTokens', 'reasoningTokens', 'costUsd',
  'durationMs', 'queueMs', 'upstreamMs', 'firstContentMs',
  'question', 'answer', 'cut',
  // Logins.
  'credential', 'credentialFile', 'generation', 'by', 'byId',
  // State, instructions, callbacks.
  'folder', 'asked', 'why', 'callback', 'event', 'reason', 'target', 'outcome',
  // The start, settings that change, the end. `faults` are written by us and hold no value of the operator's.
  'config', 'docs', 'metrics', 'admin', 'workers', 'changed', 'recovered', 'settings', 'faults',
  'worker', 'signal', 'nextInMs', 'inFlight', 'deadlineMs', 'callsCut',
] as const; // prettier-ignore

/** The name of a field that may be logged. */
export type LogField = (typeof logFieldNames)[number];

/** Values of a log line: flat. */
export type LogFields = Readonly<Partial<Record<LogField, string | number | boolean | undefined | readonly string[]>>>;

const allowed: ReadonlySet<string> = new Set(logFieldNames);

/** Whether a field may be shown. */
export function mayLog(name: string): boolean {
  return allowed.has(name);
}
