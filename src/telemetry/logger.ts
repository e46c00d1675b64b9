import { type LoggerService } from '@nestjs/common';
import { destination, type Logger, pino } from 'pino';
import { type Settings } from '../config/settings';
import { enoughCharacters, LineBuffer, type LineSink } from './line-buffer';

/** Values of a log line: flat, and never a prompt, an answer or a credential. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined | readonly string[]>>;

const hidden = '[redacted]';
/** The library's number for `info`. */
const infoLevel = 30;
/** Field names that never show their value, whoever logs them. */
const secretFields: ReadonlySet<string> = new Set([
  'authorization',
  'apiKey',
  'api_key',
  'key',
  'token',
  'accessToken',
  'refreshToken',
  'masterKey',
  'cookie',
]);
/** What keys and tokens look like inside a sentence: bearer values, `sk-`, `at-` and `rt.` keys, JWTs. */
const secretShapes =
  /\bbearer\s+\S+|\b(?:sk|at|rt)[-._][A-Za-z0-9_-]{8,}|\beyJ[A-Za-z0-9_-]{10,}(?:\.[A-Za-z0-9_-]+)*/gi;
/** JSON escapes the C0 controls; these it lets through, and terminals obey some of them. */
const loudCharacters = /[\u007f-\u009f\u2028\u2029]/g;

/** Text of any origin, fit for a log line. */
export function scrub(text: string): string {
  return text.replace(secretShapes, hidden).replace(loudCharacters, '?');
}

/** JSON lines on standard output, written off the request path. Also serves Nest's own messages. */
export class GatewayLogger implements LoggerService {
  private readonly pino: Logger;
  private readonly sink: LineSink;

  /** `sink` defaults to standard output, in batches, four times a second at least. */
  constructor(settings: Pick<Settings, 'logLevel'>, sink?: LineSink) {
    this.sink = sink ?? new LineBuffer(destination({ dest: 1, sync: false, minLength: enoughCharacters }));
    const options = { level: settings.logLevel, timestamp: pino.stdTimeFunctions.isoTime, base: null };
    this.pino = pino(options, this.sink);
  }

  /** A line with fields; strings among them are scrubbed. */
  event(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields: LogFields): void {
    if (this.pino.isLevelEnabled(level)) this.pino[level](scrubbed(fields), scrub(message));
  }

  /** Whether `access` writes anything. */
  get logsAccess(): boolean {
    return this.pino.isLevelEnabled('info');
  }

  /**
   * The line of one request: the hot one, so its writer scrubs what came from outside, nothing is checked here, and the
   * line is made in one piece; a field at a time, as the library writes it, costs many times as much.
   */
  access(fields: LogFields): void {
    if (!this.logsAccess) return;
    const time = new Date().toISOString();
    this.sink.write(`{"level":${infoLevel},"time":"${time}",${JSON.stringify(fields).slice(1, -1)},"msg":"request"}\n`);
  }

  /** A failure that is a bug or an outage: class, message and stack of the cause, scrubbed. */
  failure(cause: unknown, fields: LogFields): void {
    const shown =
      cause instanceof Error
        ? { error: cause.name, reason: cause.message, stack: cause.stack }
        : { reason: typeof cause };
    this.event('error', 'request failed', { ...fields, ...shown });
  }

  log(message: unknown, context?: unknown): void {
    this.nest('info', message, context);
  }

  /** Nest passes stack and context, in this order. */
  error(message: unknown, ...rest: readonly unknown[]): void {
    this.event('error', textOf(message), {
      context: stringOf(rest.at(-1)),
      stack: rest.length > 1 ? stringOf(rest[0]) : undefined,
    });
  }

  warn(message: unknown, context?: unknown): void {
    this.nest('warn', message, context);
  }

  debug(message: unknown, context?: unknown): void {
    this.nest('debug', message, context);
  }

  /** Writes out what is buffered; called last, before the process ends. */
  flush(): void {
    try {
      this.sink.flushSync?.();
    } catch {
      // Standard output is gone or was never opened: there is nobody left to tell.
    }
  }

  private nest(level: 'debug' | 'info' | 'warn', message: unknown, context: unknown): void {
    this.event(level, textOf(message), { context: stringOf(context) });
  }
}

function scrubbed(fields: LogFields): Record<string, unknown> {
  const clean: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (secretFields.has(name)) clean[name] = hidden;
    else clean[name] = typeof value === 'string' ? scrub(value) : value;
  }
  return clean;
}

/** Objects are not printed: nobody has looked at what is in them. */
function textOf(message: unknown): string {
  if (typeof message === 'string') return message;
  return message instanceof Error ? (message.stack ?? message.message) : typeof message;
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
