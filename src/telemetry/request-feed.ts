import { type RequestRecord } from '../kernel/observer';

/** Hears of a finished request; must not throw or wait. */
export type RequestListener = (record: RequestRecord) => void;

/** Lets rooms above hear of finished requests, after metrics and log. */
export class RequestFeed {
  private readonly listeners: RequestListener[] = [];

  /** For as long as the process runs. */
  subscribe(listener: RequestListener): void {
    this.listeners.push(listener);
  }

  tell(record: RequestRecord): void {
    for (const listener of this.listeners) listener(record);
  }
}
