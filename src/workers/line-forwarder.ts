import { type Readable } from 'node:stream';

const newline = 0x0a;

/** Where whole lines go. */
export interface LineTarget {
  write(lines: Buffer): unknown;
}

/**
 * Carries whole lines from a worker to the output that all workers share. Written straight to one pipe, long writes of
 * several processes may land inside each other.
 */
export class LineForwarder {
  private rest: Buffer[] = [];

  private constructor(private readonly to: LineTarget) {}

  /** Until `from` ends; what is left of a last line goes out then. */
  static join(from: Readable | null, to: LineTarget): void {
    if (from === null) return;
    const forwarder = new LineForwarder(to);
    from.on('data', (chunk: Buffer) => {
      forwarder.take(chunk);
    });
    from.on('end', () => {
      forwarder.flush();
    });
  }

  private take(chunk: Buffer): void {
    const end = chunk.lastIndexOf(newline) + 1;
    if (end === 0) {
      this.rest.push(chunk);
      return;
    }
    this.to.write(Buffer.concat([...this.rest, chunk.subarray(0, end)]));
    this.rest = end < chunk.length ? [chunk.subarray(end)] : [];
  }

  private flush(): void {
    if (this.rest.length > 0) this.to.write(Buffer.concat(this.rest));
    this.rest = [];
  }
}
