import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../config/config.module';
import { type Deployment } from '../config/deployment';
import { type Settings } from '../config/settings';
import { priceNamesOf } from '../models/model-names';
import { adjustmentFor, hasPrice, isUnknown, priceFor, unknownPrice } from '../protocol/pricing/price-lookup';
import { type Cost, costOf, holdNanos, noAdjustment, type PriceAdjustment } from '../protocol/pricing/cost-of';
import { type ModelPrice } from '../protocol/pricing/model-price';
import { readOwnPrice } from '../protocol/pricing/own-price';
import { type BilledTier } from '../protocol/pricing/service-tier';
import { type TokenUsage } from '../kernel/usage';

/** Prices that are remembered of one deployment: it serves one model, which mostly has one name. */
const remembered = 8;

interface KnownPrice {
  readonly modelGroup: string;
  readonly slug: string | undefined;
  readonly responseModel: string | undefined;
  readonly price: ModelPrice;
}

/** What deployments charge for their models: one question and one answer, remembered as long as the settings stand. */
@Injectable()
export class PriceBook {
  private known = new WeakMap<Deployment, readonly KnownPrice[]>();
  private knownFor: Settings['pricing'] | undefined;

  constructor(@Inject(SETTINGS) private readonly settings: Pick<Settings, 'pricing'>) {}

  /**
   * The price of a deployment's model, which is looked for by the name that the answer gives it, the slug that was asked
   * upstream (both undefined before that), the name in the settings, and the model group.
   */
  priceOf(deployment: Deployment, modelGroup: string, slug?: string, responseModel?: string): ModelPrice {
    const { pricing } = this.settings;
    // Settings may be read anew while we run.
    if (this.knownFor !== pricing) this.forget(pricing);
    const known = this.known.get(deployment);
    const before = known?.find(
      (each) => each.modelGroup === modelGroup && each.slug === slug && each.responseModel === responseModel,
    );
    if (before !== undefined) return before.price;
    const price = priceFor(pricing, {
      provider: deployment.provider,
      ownPrice: readOwnPrice(deployment.modelInfo, 'deployment').price,
      baseModel: textOf(deployment.modelInfo['base_model']),
      responseModel,
      requestModels: [...(slug === undefined ? [] : [slug]), ...this.namesOf(deployment), modelGroup],
    });
    const others = known === undefined || known.length >= remembered ? [] : known;
    this.known.set(deployment, [...others, { modelGroup, slug, responseModel, price }]);
    return price;
  }

  /** @throws {GatewayError} 400 when nobody knows the price and `codex_unknown_price` is `refuse`. */
  assertKnown(price: ModelPrice, model: string): void {
    if (isUnknown(price) && this.settings.pricing.unknownPrice === 'refuse') throw unknownPrice(model);
  }

  /** What an answer cost. */
  costOf(usage: TokenUsage, tier: BilledTier, price: ModelPrice, provider: string): Cost {
    return costOf(usage, tier, price, this.adjustmentOf(provider));
  }

  /** What to set aside for so many tokens. Nano-dollars. */
  holdFor(
    tokens: { readonly input: number; readonly output: number },
    tier: BilledTier,
    price: ModelPrice,
    provider: string,
  ): number {
    return holdNanos(tokens.input, tokens.output, price, { tier, adjustment: this.adjustmentOf(provider) });
  }

  /** Discount and margin of a provider. */
  adjustmentOf(provider: string): PriceAdjustment {
    return adjustmentFor(this.settings.pricing, provider) ?? noAdjustment;
  }

  /** Effort and prefix of a Codex model's name are no part of the model; other hosts get the name as it is. */
  private namesOf({ provider, upstreamModel }: Deployment): readonly string[] {
    if (provider !== 'codex') return [upstreamModel];
    return priceNamesOf(upstreamModel, (name) => hasPrice(this.settings.pricing, name));
  }

  private forget(pricing: Settings['pricing']): void {
    this.known = new WeakMap();
    this.knownFor = pricing;
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
