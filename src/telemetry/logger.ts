import { type LoggerService } from '@nestjs/common';
import { type Logger, pino } from 'pino';
import { type Settings } from '../config/settings';
import { type LineSink, standardOutput } from './line-buffer';
import { type LogFields, mayLog } from './log-fields';
import { scrub, shownFailure } from './scrub';

/** How loud a line is. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** The library's numbers. */
const levelNumbers: Readonly<Record<LogLevel, number>> = { debug: 20, info: 30, warn: 40, error: 50 };

/** JSON lines on standard output, written off the request path. Also serves Nest's own messages. */
export class GatewayLogger implements LoggerService {
  private readonly pino: Logger;
  private readonly sink: LineSink;

  /** `sink` defaults to standard output. */
  constructor(settings: Pick<Settings, 'logLevel'>, sink?: LineSink) {
    this.sink = sink ?? standardOutput();
    const options = { level: settings.logLevel, timestamp: pino.stdTimeFunctions.isoTime, base: null };
    this.pino = pino(options, this.sink);
  }

  /** A line with fields; strings among them are scrubbed, and fields that are not listed in `log-fields.ts` not shown. */
  event(level: LogLevel, message: string, fields: LogFields): void {
    if (this.pino.isLevelEnabled(level)) this.pino[level](scrubbed(fields), scrub(message));
  }

  /** From here on. */
  setLevel(level: Settings['logLevel']): void {
    this.pino.level = level;
  }

  /** Whether lines of this level are written. */
  logs(level: LogLevel): boolean {
    return this.pino.isLevelEnabled(level);
  }

  /**
   * The line of one request: the hot one, so its writer asks `logs` first and scrubs what came from outside, nothing is
   * checked here, and the line is made in one piece; a field at a time, as the library writes it, costs many times as much.
   */
  access(level: LogLevel, fields: LogFields): void {
    const time = new Date().toISOString();
    const rest = JSON.stringify(fields).slice(1, -1);
    this.sink.write(`{"level":${levelNumbers[level]},"time":"${time}",${rest},"msg":"request"}\n`);
  }

  /** Whole lines that another process of ours made. */
  pass(lines: Buffer): void {
    this.sink.write(lines.toString('utf8'));
  }

  /** A failure that is a bug or an outage: what may be told of its cause. */
  failure(cause: unknown, fields: LogFields): void {
    this.event('error', 'request failed', { ...fields, ...shownFailure(cause) });
  }

  log(message: unknown, context?: unknown): void {
    this.nest('info', message, context);
  }

  /** Nest passes stack and context, in this order. */
  error(message: unknown, ...rest: readonly unknown[]): void {
    const shown =
      message instanceof Error ? shownFailure(message) : { stack: rest.length > 1 ? stringOf(rest[0]) : undefined };
    this.event('error', textOf(message), { context: stringOf(rest.at(-1)), ...shown });
  }

  warn(message: unknown, context?: unknown): void {
    this.nest('warn', message, context);
  }

  debug(message: unknown, context?: unknown): void {
    this.nest('debug', message, context);
  }

  /**
   * Writes out what is buffered; called last, before the process ends. Settles also when nobody reads any more. (The
   * library's synchronous way would wait for ever then: it tries a broken pipe again and again.)
   */
  async flush(): Promise<void> {
    await new Promise<void>((resolve) => {
      if (this.sink.flush === undefined) resolve();
      else
        this.sink.flush(() => {
          resolve();
        });
    });
  }

  private nest(level: LogLevel, message: unknown, context: unknown): void {
    this.event(level, textOf(message), { context: stringOf(context) });
  }
}

function scrubbed(fields: LogFields): Record<string, unknown> {
  const clean: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    clean[name] = mayLog(name) ? scrubbedValue(value) : '[redacted]';
  }
  return clean;
}

function scrubbedValue(value: NonNullable<LogFields[keyof LogFields]>): unknown {
  if (typeof value === 'string') return scrub(value);
  return typeof value === 'object' ? value.map(scrub) : value;
}

/** Objects are not printed: nobody has looked at what is in them. */
function textOf(message: unknown): string {
  if (typeof message === 'string') return message;
  return message instanceof Error ? message.name : typeof message;
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
