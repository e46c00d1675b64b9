import { type IncomingHttpHeaders } from 'node:http';

/** How an exchange ended, as the simulator saw it. `cut`: the simulator broke it off as scripted. */
export type Ending = 'answered' | 'cancelled' | 'cut';

/** One request that reached the simulator. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Lower-case names; repeated headers are joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  /** Names and values in turn, spelled and repeated as they came. */
  readonly rawHeaders: readonly string[];
  /** Decoded JSON (or form fields); undefined without a body or when it does not parse. */
  readonly body: unknown;
  readonly rawBytes: number;
  readonly rawBody: Buffer;
  /** Settles when the answer is over, with how. Never rejects. */
  readonly ended: Promise<Ending>;
}

/** What happened since the start or the last reset. */
export interface Counts {
  /** Every request, upgrades included. */
  requests: number;
  /** Successful token refreshes. */
  refreshes: number;
  /** Calls of the token endpoint, whatever came out. */
  refreshAttempts: number;
  /** Refresh tokens that were presented a second time. */
  reusedTokens: number;
  /** Requests that the rules of the backend refused (401, 403, 400, 404 for a lite mismatch). */
  refusedRequests: number;
  /** The part of the refused requests that failed on the bearer. */
  unauthorized: number;
  /** Answers to accepted calls of `/responses`, faults included. */
  responses: number;
  /** Answers of the plain Responses host. */
  openAiResponses: number;
  compactions: number;
  catalogFetches: number;
  catalogNotModified: number;
  promptFetches: number;
  promptNotModified: number;
  upgrades: number;
  notFound: number;
  /** Clients that closed before the end of the answer. */
  cancelled: number;
}

function zero(): Counts {
  return {
    requests: 0,
    refreshes: 0,
    refreshAttempts: 0,
    reusedTokens: 0,
    refusedRequests: 0,
    unauthorized: 0,
    responses: 0,
    openAiResponses: 0,
    compactions: 0,
    catalogFetches: 0,
    catalogNotModified: 0,
    promptFetches: 0,
    promptNotModified: 0,
    upgrades: 0,
    notFound: 0,
    cancelled: 0,
  };
}

interface Waiter {
  readonly predicate: (seen: SeenRequest) => boolean;
  readonly resolve: (seen: SeenRequest) => void;
}

/** Everything the simulator saw, and the waiting for what it will see. */
export class Journal {
  counts: Counts = zero();
  private entries: SeenRequest[] = [];
  private waiters: Waiter[] = [];

  get seen(): readonly SeenRequest[] {
    return this.entries;
  }

  record(seen: SeenRequest): void {
    this.counts.requests += 1;
    this.entries.push(seen);
    const due = this.waiters.filter((waiter) => waiter.predicate(seen));
    this.waiters = this.waiters.filter((waiter) => !due.includes(waiter));
    for (const waiter of due) waiter.resolve(seen);
  }

  /** @returns the first request that fits, past ones included; waits for it when there is none yet. */
  waitFor(predicate: (seen: SeenRequest) => boolean): Promise<SeenRequest> {
    const past = this.entries.find(predicate);
    if (past !== undefined) return Promise.resolve(past);
    return new Promise((resolve) => {
      this.waiters.push({ predicate, resolve });
    });
  }

  reset(): void {
    this.counts = zero();
    this.entries = [];
    this.waiters = [];
  }
}

/** @returns the headers as one string each. */
export function flatHeaders(headers: IncomingHttpHeaders): Readonly<Record<string, string>> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}
