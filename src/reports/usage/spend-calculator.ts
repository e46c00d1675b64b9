import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../../config/config.module';
import { isVisible } from '../../config/deployment';
import { type Settings } from '../../config/settings';
import { invalidRequest } from '../../kernel/errors';
import { dollarsFromNanos } from '../../kernel/money';
import { type Principal } from '../../kernel/principal';
import { type TokenUsage } from '../../kernel/usage';
import { priceNamesOf } from '../../models/model-names';
import { type JsonObject } from '../../protocol/canonical/canonical-request';
import { optionalObject, optionalText, requireObject } from '../../protocol/json-guards';
import { costOf } from '../../protocol/pricing/cost-of';
import { adjustmentFor, hasPrice, priceFor, type PriceQuestion } from '../../protocol/pricing/price-lookup';
import { billedTier } from '../../protocol/pricing/service-tier';
import { toldUsage } from '../../protocol/pricing/told-usage';
import { sightOf } from '../sight';

/** About as many characters as a token has in prose and code. */
const charactersPerToken = 4;

/** `POST /spend/calculate`: what an answer cost, or what a question would at least cost. */
@Injectable()
export class SpendCalculator {
  constructor(
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'pricing' | 'deployments' | 'modelAliases'>,
  ) {}

  /**
   * With `completion_response` exactly what its usage costs; with `messages` an estimate of the input alone.
   *
   * @param caller deployments of other teams do not exist for it, unless it may see everything.
   * @throws {GatewayError} 400 naming the field.
   */
  calculate(body: unknown, caller: Principal): JsonObject {
    const asked = requireObject(body, 'body');
    const answer = optionalObject(asked['completion_response'], 'completion_response');
    const model = optionalText(asked['model'], 'model') ?? optionalText(answer?.['model'], 'completion_response.model');
    if (model === undefined) throw invalidRequest("'model' is required when there is no completion_response.", 'model');
    const usage = answer === undefined ? estimateOf(asked) : toldUsage(answer);
    if (usage === undefined) throw invalidRequest("'completion_response' has no usage.", 'completion_response.usage');
    const actual = optionalText(answer?.['service_tier'], 'completion_response.service_tier');
    const responseModel = optionalText(answer?.['model'], 'completion_response.model');
    const question = { ...this.questionOf(model, caller), responseModel };
    const { pricing } = this.settings;
    const tier = billedTier(actual === undefined ? {} : { actual });
    const adjustment = adjustmentFor(pricing, question.provider);
    const { nanos, parts } = costOf(usage, tier, priceFor(pricing, question), adjustment);
    return { cost: dollarsFromNanos(nanos), price_source: parts.priceSource };
  }

  /** A name that is served here has the price of its first deployment; a team's own name goes before others, as in calls. */
  private questionOf(model: string, caller: Principal): PriceQuestion {
    const { modelAliases } = this.settings;
    const group = modelAliases.get(model)?.model ?? model;
    const seesAll = sightOf(caller).kind === 'all';
    const deployments = this.settings.deployments.filter((each) => seesAll || isVisible(each, caller.teamId));
    const deployment =
      deployments.find(({ routing }) => routing?.teamIds !== undefined && routing.teamModelName === group) ??
      deployments.find(({ modelGroup }) => modelGroup === group);
    const { provider, upstreamModel, price, baseModel } = deployment ?? { provider: 'codex', upstreamModel: group };
    const isPriced = (name: string): boolean => hasPrice(this.settings.pricing, name);
    const names = provider === 'codex' ? priceNamesOf(upstreamModel, isPriced) : [upstreamModel];
    return { provider, ownPrice: price, baseModel, requestModels: [...names, group] };
  }
}

function estimateOf(asked: JsonObject): TokenUsage {
  const question = asked['messages'] ?? asked['input'];
  if (question === undefined) {
    throw invalidRequest("Send 'completion_response', or 'model' with 'messages'.", 'messages');
  }
  const inputTokens = Math.ceil(JSON.stringify(question).length / charactersPerToken);
  return { inputTokens, cachedInputTokens: 0, cacheWriteTokens: 0, outputTokens: 0, reasoningTokens: 0 };
}
