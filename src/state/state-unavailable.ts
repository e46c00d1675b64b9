import { GatewayError } from '../kernel/errors';

/** Why the shared state gave no answer. `reply`: it refused the command, so nothing happened. */
export type StateTrouble = 'offline' | 'breaker' | 'timeout' | 'connection' | 'reply';

/**
 * The shared state cannot be used now. Carries neither address nor password, nor key or value of the command: the errors
 * of the client have all of these, so they are no `cause` either.
 */
export class StateUnavailable extends GatewayError {
  constructor(
    readonly trouble: StateTrouble,
    /**
     * First word of the server's refusal, for example `OOM`; why there is no connection: `WRONGPASS`, `ECONNREFUSED`; or the
     * system's word about the state folder: `EACCES`.
     */
    readonly replyCode?: string,
  ) {
    super({
      status: 503,
      type: 'service_unavailable',
      code: 'state_unavailable',
      message: "The gateway's shared state cannot be reached at the moment. Try again shortly.",
      retryAfterMs: 1_000,
    });
    this.name = 'StateUnavailable';
  }

  /** Whether the command may have been carried out all the same: it was sent, and its answer was lost. */
  get mayHaveHappened(): boolean {
    return this.trouble === 'timeout' || this.trouble === 'connection';
  }
}
