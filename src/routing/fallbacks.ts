import { GatewayError, modelNotFound } from '../kernel/errors';
import { type FallbackRecord } from '../kernel/observations';
import { type Observer } from '../kernel/observer';
import { UpstreamFailure } from '../kernel/upstream-failure';
import { type UpstreamCall } from '../upstream/upstream';
import { type Trail } from './choice/group-run';
import { failureOf, type GroupRunner } from './group-runner';
import { type ModelGroups, type Route } from './model-groups';
import { pretended } from './pretended-failure';
import { type SendInGroup } from './routing-rooms';
import { type GroupVisit, type RunPlanner } from './run-planner';
import { type FallbackKind, fallbackPlan, type OwnFallbacks } from './trouble/fallback-plan';
import { type TryPlan } from './try-plan';

/** A group that is to be tried in the place of another. */
interface Target {
  readonly model: string;
  /** Label of the group before. */
  readonly from: string;
  readonly kind: FallbackKind;
  readonly call: UpstreamCall;
  /** Place among the request's own fallbacks, of one that brings its own question along. */
  readonly ownPlace: number | undefined;
  /** What ended the last call of the group before. */
  readonly failure: UpstreamFailure;
}

/** What became of one; its route is undefined when there is no such group. */
interface TargetEnd extends Pick<FallbackRecord, 'deploymentId' | 'succeeded'> {
  readonly route: Route | undefined;
}

/** What was tried in the place of the group asked for, in words for the client. */
const mostTold = 5;

/** Passes a call on from group to group until one answers. Streams and JSON answers, chat and responses alike. */
export class Fallbacks {
  constructor(
    private readonly groups: ModelGroups,
    private readonly planner: RunPlanner,
    private readonly runner: GroupRunner,
    private readonly observer: Observer,
  ) {}

  /** @throws what the group asked for threw, with a word on those that stood in for it. */
  async through<T>(plan: TryPlan, send: SendInGroup<T>): Promise<T> {
    const trail: Trail = { attempts: 0, repeats: 0, fallbacks: 0 };
    const asked: GroupVisit = { route: plan.route, call: plan.call, trail };
    try {
      return await this.visit(plan, asked, send, pretended(plan));
    } catch (error) {
      if (plan.signal.aborted || !this.mayPassOn(plan)) throw error;
      const passed = await this.passOn(plan, { error, asked }, send);
      if ('answer' in passed) return passed.answer;
      throw withTold(error, passed.told);
    }
  }

  private mayPassOn({ caller, wishes }: TryPlan): boolean {
    if (caller.disableFallbacks || wishes.disableFallbacks === true) return false;
    return this.groups.routing.fallbacks.max > 0;
  }

  /** Tries the targets in order; those of a target that fails come before the rest of its own line. */
  private async passOn<T>(
    plan: TryPlan,
    { error, asked }: { readonly error: unknown; readonly asked: GroupVisit },
    send: SendInGroup<T>,
  ): Promise<{ readonly answer: T } | { readonly told: readonly string[] }> {
    const { trail } = asked;
    const tried = new Set([plan.route.modelGroup, plan.route.requestedModel]);
    const told: string[] = [];
    let waiting = this.targetsOf(plan, plan.route, error);
    for (let target = waiting[0]; target !== undefined; target = waiting[0]) {
      waiting = waiting.slice(1);
      if (tried.has(target.model) || trail.fallbacks >= this.groups.routing.fallbacks.max) continue;
      tried.add(target.model);
      const outcome = await this.tryTarget(plan, target, trail, send);
      if ('answer' in outcome) return outcome;
      told.push(`${target.model} (${sentenceOf(outcome.error)})`);
      if (plan.signal.aborted) throw outcome.error;
      if (outcome.route !== undefined) waiting = [...this.targetsOf(plan, outcome.route, outcome.error), ...waiting];
    }
    return { told };
  }

  private async tryTarget<T>(
    plan: TryPlan,
    target: Target,
    trail: Trail,
    send: SendInGroup<T>,
  ): Promise<{ readonly answer: T } | { readonly error: unknown; readonly route: Route | undefined }> {
    let route: Route | undefined;
    let deploymentId: string | undefined;
    const watched: SendInGroup<T> = (run, attempt) => {
      deploymentId = attempt.candidate.deployment.id;
      return send(run, attempt);
    };
    try {
      const found = await this.groups.resolve(target.model, plan.caller.teamId);
      if (!(await plan.caller.mayUse(target.model, found))) throw modelNotFound(target.model);
      route = plan.narrow(found);
      trail.fallbacks += 1;
      const own = ownCall(plan, target);
      const call = own === undefined ? target.call : await own;
      const answer = await this.visit(plan, { route, call, trail, ownFallback: target.ownPlace }, watched, undefined);
      this.tell(plan, target, { route, deploymentId, succeeded: true });
      return { answer };
    } catch (error) {
      this.tell(plan, target, { route, deploymentId, succeeded: false });
      return { error, route };
    }
  }

  private async visit<T>(
    plan: TryPlan,
    visit: GroupVisit,
    send: SendInGroup<T>,
    pretence: UpstreamFailure | undefined,
  ): Promise<T> {
    if (pretence !== undefined) throw pretence;
    const run = await this.planner.plan(plan, visit);
    return this.runner.run(run, (attempt) => send(run, attempt));
  }

  private targetsOf(plan: TryPlan, route: Route, error: unknown): readonly Target[] {
    const failure = failureOf(error) ?? (error instanceof GatewayError ? refusalAsFailure(error) : undefined);
    if (failure === undefined) return [];
    const { wishes } = plan;
    const { kind, groups } = fallbackPlan(
      failure,
      [route.modelGroup, route.requestedModel],
      this.groups.routing.fallbacks,
      ownOf(plan),
    );
    const own = kind === 'general' ? wishes.fallbacks : undefined;
    return groups.map((model, place) => {
      const call = own?.[place]?.call;
      const ownPlace = call === undefined ? undefined : place;
      return { model, kind, failure, from: route.label, call: call ?? plan.call, ownPlace };
    });
  }

  private tell({ caller }: TryPlan, { from, kind, failure }: Target, { route, ...end }: TargetEnd): void {
    const why = { failure: failure.kind, upstreamStatus: failure.details.upstreamStatus };
    // Requests may name groups that stand in; what is no group has no name for a metric.
    const to = route?.label ?? 'other';
    this.observer.fellBack({ from, to, kind, ...why, principal: caller.principal, ...end });
  }
}

/** A question that the request brings along for this target: it passes the operator's hooks as the first one did. */
function ownCall({ call: asked, hooked }: TryPlan, { call }: Target): Promise<UpstreamCall> | undefined {
  return call === asked ? undefined : hooked?.(call);
}

function ownOf({ wishes }: TryPlan): OwnFallbacks {
  const { fallbacks, contextWindowFallbacks, contentPolicyFallbacks } = wishes;
  return {
    ...(fallbacks === undefined ? {} : { general: fallbacks.map(({ model }) => model) }),
    ...(contextWindowFallbacks === undefined ? {} : { contextWindow: contextWindowFallbacks }),
    ...(contentPolicyFallbacks === undefined ? {} : { contentPolicy: contentPolicyFallbacks }),
  };
}

/** Nobody in the group could take the call: as far as fallbacks go, that is a limit. A request that is at fault stays so. */
function refusalAsFailure({ status, code, message }: GatewayError): UpstreamFailure | undefined {
  if (code === 'model_not_found') return new UpstreamFailure({ kind: 'model_unavailable', message });
  if (status < 429 || code === 'conversation_account_unavailable') return undefined;
  return new UpstreamFailure({ kind: 'rate_limited', message });
}

function sentenceOf(error: unknown): string {
  const known = error instanceof UpstreamFailure || error instanceof GatewayError;
  return known ? error.message.slice(0, 160) : 'it failed';
}

/** The same error, with a word on the groups that stood in and failed too. */
function withTold(error: unknown, told: readonly string[]): unknown {
  if (told.length === 0) return error;
  const message = (own: string): string =>
    `${own} Fallbacks were tried and failed too: ${told.slice(0, mostTold).join('; ')}`;
  if (error instanceof UpstreamFailure) {
    return new UpstreamFailure({ ...error.details, message: message(error.message), cause: error });
  }
  if (!(error instanceof GatewayError)) return error;
  return new GatewayError({ ...error.details, message: message(error.message), cause: error });
}
