import { type RoutingSettings } from '../../config/routing-settings';
import { type Clock } from '../../kernel/clock';
import { GatewayError } from '../../kernel/errors';
import { type UpstreamFailure } from '../../kernel/upstream-failure';
import { type UpstreamCall } from '../../upstream/upstream';
import { type Candidate } from '../choice/candidate';
import { type GroupRun } from '../choice/group-run';
import { sealPin } from './bonds';
import { type Conversations, type PinWriter, type Writing } from './conversations';
import { type OpenedCall, withoutForeign } from './open-call';

/** A call as one account can take it. */
interface FittingCall {
  readonly call: UpstreamCall;
  readonly dropped: number;
}

/** What upstream says of ciphertext that it cannot open. */
const unopenable = 'invalid_encrypted_content';

/** Fits calls to accounts: what another account sealed is left out, as far as the conversation survives that. */
export class BoundCalls {
  constructor(
    private readonly conversations: Conversations,
    private readonly clock: Clock,
    /** Unix milliseconds until which an account rests; undefined when it does not. */
    private readonly restsUntil: (account: string) => number | undefined,
  ) {}

  /** @throws {GatewayError} when the call holds something that only another account can open, and that nothing replaces. */
  callFor(run: GroupRun, { account }: Candidate): FittingCall {
    const { bonds, keyHash } = run.bearings;
    if (bonds.seals.length === 0) return { call: run.call, dropped: 0 };
    if (run.isRecovering)
      return this.fitting(
        withoutForeign(run.call, ({ kind }) => kind === 'reasoning'),
        undefined,
      );
    const { accountOf, home } = run.whereabouts;
    const foreign = new Set<string>();
    for (const seal of bonds.seals) {
      // What nobody knows of was made where the newest was.
      const madeBy = accountOf(seal) ?? home;
      if (madeBy !== undefined && madeBy !== account) foreign.add(seal);
    }
    if (foreign.size === 0) return { call: run.call, dropped: 0 };
    return this.fitting(
      withoutForeign(run.call, ({ tail }) => foreign.has(sealPin(keyHash, tail))),
      home,
    );
  }

  /**
   * The account could not open what the call holds: the next attempt goes without any of it. Once for a call.
   *
   * @returns whether there is to be such an attempt.
   */
  recovers(run: GroupRun, failure: UpstreamFailure): boolean {
    const { bonds, keyHash } = run.bearings;
    if (failure.details.code !== unopenable || run.isRecovering || bonds.seals.length === 0) return false;
    const seals: string[] = [];
    const { dropped } = withoutForeign(run.call, ({ kind, tail }) => {
      if (kind === 'reasoning') seals.push(sealPin(keyHash, tail));
      return kind === 'reasoning';
    });
    if (dropped === 0) return false;
    run.isRecovering = true;
    this.conversations.unopenable(seals, this.writing(run.plan.pin, run.settings));
    return true;
  }

  /** How a call's pins are written. @param pin the writer that it brings. */
  writing(pin: PinWriter | undefined, { affinity }: Pick<RoutingSettings, 'affinity'>): Writing {
    return { write: pin ?? this.conversations.writer, ttlMs: affinity.ttlMs, nowMs: this.clock.nowMs() };
  }

  private fitting({ call, dropped, irreplaceable }: OpenedCall, home: string | undefined): FittingCall {
    if (irreplaceable === 0) return { call, dropped };
    const resetAtMs = home === undefined ? undefined : this.restsUntil(home);
    throw new GatewayError({
      status: 503,
      type: 'service_unavailable',
      code: 'conversation_account_unavailable',
      message:
        'This conversation was compacted by an upstream account that cannot answer at the moment, and no other account can read it. Try again later, or begin a new conversation.',
      author: 'gateway',
      limit: 'conversation_account',
      ...(resetAtMs === undefined ? {} : { resetAtMs, retryAfterMs: Math.max(resetAtMs - this.clock.nowMs(), 1) }),
      shouldRetry: false,
    });
  }
}
