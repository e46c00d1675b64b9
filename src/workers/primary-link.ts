import cluster, { type Worker } from 'node:cluster';
import { type Order, orderIn, type Report } from './messages';

/** A worker's line to the primary that started it. */
export class PrimaryLink {
  private readonly listeners = new Set<(order: Order) => void>();

  private constructor(own: Worker) {
    // Else Node ends a worker on the spot when its primary is gone, in the middle of its streams.
    own.exitedAfterDisconnect = true;
    process.on('message', (message) => {
      const order = orderIn(message);
      if (order === undefined) return;
      for (const listener of this.listeners) listener(order);
    });
  }

  private static only: PrimaryLink | undefined;

  /** The one of this process; undefined when it was not started by a primary. */
  static get(): PrimaryLink | undefined {
    if (cluster.worker !== undefined) this.only ??= new PrimaryLink(cluster.worker);
    return this.only;
  }

  /** Number of this worker, from 1, never used twice by one primary. */
  get worker(): number {
    return cluster.worker?.id ?? 0;
  }

  /** Listen before anything else that takes time: orders are told once. */
  onOrder(listener: (order: Order) => void): () => void {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }

  /** Asks for a successor. Settles when it serves, or after `limitMs`: then the port may be without this worker for a while. */
  async handOver(limitMs: number): Promise<void> {
    let end: () => void = () => undefined;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, limitMs);
      this.onLost(resolve);
      end = this.onOrder(({ kind }) => {
        if (kind === 'released' || kind === 'end') resolve();
      });
      this.tell({ kind: 'leaving' });
    });
    clearTimeout(timer);
    end();
  }

  /** The primary is gone: nobody will bring connections any more, nor an order to end. */
  onLost(listener: () => void): void {
    if (!process.connected) listener();
    else process.once('disconnect', listener);
  }

  /** Told or, when the primary is gone, not: the worker notices that by itself. */
  tell(report: Report): void {
    if (process.connected) process.send?.(report, undefined, undefined, () => undefined);
  }

  /** Lets the process end by itself. */
  close(): void {
    if (process.connected) process.disconnect();
  }
}
