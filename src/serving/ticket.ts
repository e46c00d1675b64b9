import { type ScopeLimits } from '../kernel/limits';
import { type Stopper } from '../kernel/stop-signal';
import { type Granted, type LimitState, type RoutingAnswer } from '../metering/meter';
import { type InputGuess } from '../metering/token-estimates';
import { type ModelPrice } from '../protocol/pricing/model-price';
import { type BilledTier } from '../protocol/pricing/service-tier';
import { type Call } from './call';
import { type Progress } from './progress';

/** What is known of a request that asks to be let in. */
export interface TicketFacts {
  /** Made by the gateway: the request's own id. */
  readonly id: string;
  /** Moment of admission on the Unix clock, milliseconds. */
  readonly startMs: number;
  readonly call: Call;
  readonly progress: Progress;
  /** Of the deployment that is likeliest to answer. */
  readonly price: ModelPrice;
  readonly tier: BilledTier;
  readonly provider: string;
  /** Ends the call with an error that its client is told. */
  readonly stopper: Stopper;
}

/** What a request was let in with. */
export interface LetIn {
  readonly scopes: readonly ScopeLimits[];
  /** Every limit of every scope, after this request was entered. */
  readonly limits: readonly LimitState[];
  /** Undefined when the shared state could not be asked. */
  readonly routing: RoutingAnswer | undefined;
  /** What was to be set aside. */
  readonly asked: Granted;
  /** What was. */
  readonly granted: Granted;
}

/** A request that was let in: what is set aside for it until it is settled, exactly once. */
export class Ticket {
  readonly scopes: readonly ScopeLimits[];
  readonly limits: readonly LimitState[];
  readonly routing: RoutingAnswer | undefined;
  /** Set aside at the admission, as `limits` has it. */
  readonly granted: Granted;
  /** Set aside so far. */
  held: Granted;
  /** A further hold is being asked for. */
  isExtending = false;
  isSettled = false;
  /** The answer was ended, because what was set aside is used up. */
  isUsedUp = false;
  /** No budget has more than is set aside: the answer ends when that is used up. */
  readonly isLast: { nanos: boolean; tokens: boolean };
  /** Output tokens at which the hold must be looked at again. */
  lookAt = Number.POSITIVE_INFINITY;
  /** Tokens that a silent model is taken to have thought, and the deltas that had come when that was last counted. */
  readonly silence = { tokens: 0, deltas: 0 };
  /** Some budget or token window can run dry while this request runs. */
  readonly isWatched: boolean;
  /** A budget counts tokens. */
  readonly hasTokenBudget: boolean;

  /** @param input what its question is reckoned to use until upstream says so. */
  constructor(
    readonly facts: TicketFacts,
    { scopes, limits, routing, asked, granted }: LetIn,
    readonly input: InputGuess,
  ) {
    this.scopes = scopes;
    this.limits = limits;
    this.routing = routing;
    this.granted = granted;
    this.held = granted;
    this.isLast = { nanos: granted.nanos < asked.nanos, tokens: granted.tokens < asked.tokens };
    this.isWatched = limits.some(({ limit }) => limit === 'nano_usd' || limit === 'tokens');
    this.hasTokenBudget = limits.some(({ limit, period }) => limit === 'tokens' && period !== 'window');
  }
}
