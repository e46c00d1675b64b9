import { type DestinationStream, destination } from 'pino';

/** Where whole lines go. `flush` begins to write out what it holds and tells when that is done; `flushSync` also ends. */
export type LineSink = DestinationStream & { flush?(done?: () => void): void; flushSync?(): void };

/** Enough lines to make a system call worth it, few enough to fit into a pipe. */
const enoughCharacters = 16 * 1024;
/** Longest time a line waits for company, milliseconds. */
const longestWaitMs = 250;

/** What waits for an output that takes nothing; lines that come then are lost, since no request waits for them. */
const mostWaiting = 8 * 1024 * 1024;

/** Standard output, written off the request path in batches, four times a second at least. */
export function standardOutput(): LineBuffer {
  // The library writes at once what is long enough, and holds the rest back for `flush`: nothing may be under way for long.
  const lengths = { minLength: enoughCharacters, maxLength: mostWaiting, maxWrite: 4 * enoughCharacters };
  const sink = destination({ dest: 1, sync: false, ...lengths });
  outliveFaults(sink);
  return new LineBuffer(sink);
}

/**
 * A log that cannot be written (its disk is full) ends nobody: what waits is tried again with the next lines. On the way out the
 * library's synchronous way would try for ever.
 */
function outliveFaults(sink: ReturnType<typeof destination>): void {
  const flushSync = sink.flushSync.bind(sink);
  let isRefused = false;
  sink.on('error', () => {
    isRefused = true;
  });
  sink.on('write', () => {
    isRefused = false;
  });
  sink.flushSync = () => {
    if (!isRefused) flushSync();
  };
}

/** Those that hold lines: a process that ends in whatever way still writes them. */
const holding = new Set<LineBuffer>();
let isWatchingExit = false;

/**
 * Gathers lines and writes them together. The library's own buffer measures and copies all it holds for every line added,
 * which made the access log the dearest part of a small request.
 */
export class LineBuffer implements DestinationStream {
  private lines = '';
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly sink: LineSink) {}

  write(line: string): void {
    this.lines += line;
    if (this.lines.length >= enoughCharacters) this.passOn();
    else this.timer ??= this.waitForMore();
  }

  /** Writes out everything, here and further down, and tells when it is done. */
  flush(done: () => void): void {
    this.passOn();
    if (this.sink.flush === undefined) done();
    else this.sink.flush(done);
  }

  /** The same at once. On the way out of the process only: it may block. */
  flushSync(): void {
    this.passOn();
    this.sink.flushSync?.();
  }

  private waitForMore(): NodeJS.Timeout {
    if (!isWatchingExit) process.on('exit', flushAll);
    isWatchingExit = true;
    holding.add(this);
    return setTimeout(() => {
      this.passOn();
      this.sink.flush?.();
    }, longestWaitMs).unref();
  }

  private passOn(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    holding.delete(this);
    const { lines } = this;
    this.lines = '';
    if (lines !== '') this.sink.write(lines);
  }
}

function flushAll(): void {
  for (const buffer of holding) buffer.flushSync();
}
