import { Injectable } from '@nestjs/common';
import { type Deployment } from '../config/deployment';
import { modelNotFound } from '../kernel/errors';
import { type TokenUsage } from '../kernel/usage';
import { type Granted, type Hold } from '../metering/meter';
import { type InputGuess, type ModestGuess, TokenEstimates } from '../metering/token-estimates';
import { type ModelPrice } from '../protocol/pricing/model-price';
import { type BilledTier, billedTier } from '../protocol/pricing/service-tier';
import { type Route } from '../routing/model-groups';
import { type Call, requestedModelOf } from './call';
import { PlanShares } from './plan-shares';
import { PriceBook } from './price-book';

/** Who may answer in the place of the model asked for, because the request wants it. */
export interface StandIn {
  readonly deployment: Deployment;
  /** Service tier that is asked for there. */
  readonly tier: string | undefined;
}

/** Whose request it is, and what else it may come to. */
export interface Asker {
  readonly keyHash: string;
  readonly standIns: readonly StandIn[];
  /** The route is none that the request names: it stands in for that. */
  readonly standsIn?: true;
}

/** What a request may come to. */
export interface HoldEstimate {
  readonly hold: Hold;
  /** What a request of its kind takes at least. */
  readonly least: Granted;
  /** Of the deployment that is likeliest to answer. */
  readonly price: ModelPrice;
  readonly tier: BilledTier;
  readonly provider: string;
  /** What the question is likely to use at most, and at least. */
  readonly input: InputGuess;
  readonly modest: ModestGuess;
}

/** Works out how much is set aside for a request, by its size, the experience with its key, and the price of its model. */
@Injectable()
export class HoldEstimator {
  constructor(
    private readonly prices: PriceBook,
    private readonly estimates: TokenEstimates,
    private readonly planShares: PlanShares,
  ) {}

  /** @throws {GatewayError} when nobody serves the call, or nobody knows its price and that is refused. */
  of(call: Call, route: Route, { keyHash, standIns, standsIn }: Asker): HoldEstimate {
    const deployment = route.deployments[0];
    if (deployment === undefined) throw modelNotFound(route.requestedModel);
    const { provider } = deployment;
    const price = this.prices.priceOf(deployment, route.modelGroup);
    this.prices.assertKnown(price, standsIn === true ? route.requestedModel : requestedModelOf(call));
    const tier = billedTier({ requested: call.requestedTier, actual: undefined });
    const { input, output, modest } = this.estimates.of(call.size, keyHash, route.modelGroup);
    const tokens = { input, output };
    const others = standIns.map((each) => this.holdAt(each, tokens));
    const nanos = Math.max(this.prices.holdFor(tokens, tier, price, provider), ...others);
    const how = { price, tier, provider };
    const plan = this.planShares.partsFor(deployment.credential.name, modest);
    return {
      price,
      tier,
      provider,
      hold: { nanos, tokens: input + output, plan5h: plan.plan5h, planWeek: plan.planWeek },
      least: { nanos: this.costOf(modest, how), tokens: modest.inputTokens + modest.outputTokens },
      input: { inputTokens: input, cachedInputTokens: 0 },
      modest,
    };
  }

  /**
   * What a question is reckoned to use until upstream says so. Where the last of a budget is less than it may come to, the
   * modest guess counts: the answer would otherwise be over before it begins.
   */
  inputWithin(granted: Granted, estimate: HoldEstimate): InputGuess {
    const { hold, input, modest } = estimate;
    if (granted.nanos >= hold.nanos && granted.tokens >= hold.tokens) return input;
    if (this.costOf(input, estimate) <= granted.nanos && input.inputTokens <= granted.tokens) return input;
    return { inputTokens: modest.inputTokens, cachedInputTokens: modest.cachedInputTokens };
  }

  private holdAt({ deployment, tier }: StandIn, tokens: { readonly input: number; readonly output: number }): number {
    const price = this.prices.priceOf(deployment, deployment.modelGroup);
    return this.prices.holdFor(tokens, billedTier({ requested: tier, actual: undefined }), price, deployment.provider);
  }

  private costOf(
    { inputTokens, cachedInputTokens, outputTokens = 0 }: InputGuess & Partial<Pick<TokenUsage, 'outputTokens'>>,
    { tier, price, provider }: Pick<HoldEstimate, 'tier' | 'price' | 'provider'>,
  ): number {
    const usage = { inputTokens, cachedInputTokens, cacheWriteTokens: 0, outputTokens, reasoningTokens: 0 };
    return this.prices.costOf(usage, tier, price, provider).nanos;
  }
}
