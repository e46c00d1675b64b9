/** Every wait of the gateway, in milliseconds; settings change them and tests scale them down. */
export interface TimeLimits {
  /** TCP and TLS to an upstream host. */
  readonly connectMs: number;
  /** From the upstream call to its first event (`stream_timeout`). */
  readonly firstEventMs: number;
  /** Between two semantic events; keep-alives do not count as life. */
  readonly idleMs: number;
  /** Whole call for a JSON answer (`timeout`, `request_timeout`). */
  readonly wholeJsonMs: number;
  /** Whole call for a stream. */
  readonly wholeStreamMs: number;
  /** How long a failure may still become a real HTTP status. */
  readonly firstByteHoldMs: number;
  /** Between two keep-alive comments on a silent stream. */
  readonly keepAliveMs: number;
  /** The same toward a Codex CLI, whose idle timer wants a data frame (300 s by default). */
  readonly cliKeepAliveMs: number;
  /** Slow senders: headers and body of a client's request. */
  readonly requestHeadersMs: number;
  readonly requestBodyMs: number;
  /** An answer whose client hung up is read on for so long, because its usage stands at the end. */
  readonly clientGoneDrainMs: number;
  /** A client that stopped reading. */
  readonly stalledReaderMs: number;
  /** One question for an account's model catalog. */
  readonly catalogMs: number;
  /** One call of the token endpoint, headers and body together. */
  readonly tokenEndpointMs: number;
  /** How long one replica alone may refresh a login; never shorter than three times `tokenEndpointMs`. */
  readonly refreshLeaseMs: number;
  /** How long a request waits for a login that is being refreshed. */
  readonly refreshWaitMs: number;
  /** One fetch of official instructions, and the wait of a request for the first copy. */
  readonly instructionsMs: number;
  /** One answer of a `prompt` or `request` hook of the operator. */
  readonly hookMs: number;
  /** One command of the shared state, or one group of commands. */
  readonly redisCommandMs: number;
  /** Between two signs of life of a process, in which checkpoints and the reaper's rounds go along. */
  readonly heartbeatMs: number;
  /** Without a sign of life for so long a process counts as dead, and its tickets are settled by others. */
  readonly processLeaseMs: number;
  /** Between two looks at how much of its memory Redis has used. */
  readonly memoryLookMs: number;
  /** Between two questions whether keys changed, for processes that nobody tells. */
  readonly keyPollMs: number;
  /** How long keys that were verified serve on while the state is away. */
  readonly keySnapshotMs: number;
  /** First pause before the same deployment is tried again; doubles each time. */
  readonly retryBackoffMs: number;
  /** Longest such pause; an upstream that asks for more is left to the client to wait for. */
  readonly longestRetryPauseMs: number;
  /** From SIGTERM to the end of the last stream: the one deadline that everything shares. */
  readonly drainMs: number;
  /** Part of it at its beginning: still serving, no longer ready, until balancers have noticed. */
  readonly drainDelayMs: number;
  /** Shared state that gave no answer for so long is no ground to take new work on. */
  readonly staleStateMs: number;
  /** How often the configuration file is looked at when the system reports no change. */
  readonly configPollMs: number;
}

/** The defaults of the contract. */
export const defaultTimeLimits: TimeLimits = {
  connectMs: 5_000,
  firstEventMs: 600_000,
  idleMs: 900_000,
  wholeJsonMs: 600_000,
  wholeStreamMs: 7_200_000,
  firstByteHoldMs: 10_000,
  keepAliveMs: 15_000,
  cliKeepAliveMs: 55_000,
  requestHeadersMs: 10_000,
  requestBodyMs: 60_000,
  clientGoneDrainMs: 5_000,
  stalledReaderMs: 60_000,
  catalogMs: 10_000,
  tokenEndpointMs: 20_000,
  refreshLeaseMs: 60_000,
  refreshWaitMs: 5_000,
  instructionsMs: 20_000,
  hookMs: 30_000,
  redisCommandMs: 150,
  heartbeatMs: 5_000,
  processLeaseMs: 20_000,
  memoryLookMs: 60_000,
  keyPollMs: 1_000,
  keySnapshotMs: 30_000,
  retryBackoffMs: 500,
  longestRetryPauseMs: 8_000,
  drainMs: 75_000,
  drainDelayMs: 0,
  staleStateMs: 30_000,
  configPollMs: 15_000,
};
