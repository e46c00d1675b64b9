import { type StopSignal } from '../kernel/stop-signal';

/** How a stream is kept alive and given up; milliseconds. */
export interface EventStreamOptions {
  /** Wire text sent on a silent stream: a comment, or a data frame for a Codex CLI. */
  readonly keepAliveFrame: string;
  readonly keepAliveMs: number;
  readonly stalledReaderMs: number;
}

/** Port: the client's end of a stream. Implemented over the raw socket; respects back-pressure. */
export abstract class EventStream {
  /** Headers went out: from here on failures are told in-band. */
  abstract readonly committed: boolean;
  /** Aborted when the client hung up or stopped reading for too long. */
  abstract readonly signal: StopSignal;
  /** Sends status 200 and the headers; the first call counts. Starts the keep-alive. */
  abstract commit(headers: Readonly<Record<string, string>>): void;
  /** Writes wire text; waits while more than 256 KiB are unsent. Commits with no further headers if nobody did. */
  abstract write(frames: string): Promise<void> | undefined;
  /** Ends the stream, with last frames if given. Safe after the client is gone. */
  abstract end(frames?: string): void;
}
