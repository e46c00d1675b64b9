import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../config/config.module';
import { type Settings } from '../config/settings';
import { modelRefusal } from '../keys/model-access';
import { openPolicy } from '../kernel/principal';
import { type Stopper } from '../kernel/stop-signal';
import { Meter } from '../metering/meter';
import { ModelGroups, type Route } from '../routing/model-groups';
import { Router } from '../routing/router';
import { type OwnFallback, type TryPlan } from '../routing/try-plan';
import { askedCall } from './asked-call';
import { type Call, isStream, requestedModelOf } from './call';
import { nativeWithinPolicy, routedName, withinPolicy } from './call-policy';
import { type StandIn } from './hold-estimator';
import { HoldKeeper } from './hold-keeper';
import { type Progress } from './progress';
import { limitedNames, modelFacts, routeCaller, routeWishes } from './route-plan';
import { servable } from './servable';
import { StandInCover } from './stand-in-cover';
import { Tickets } from './tickets';

/** A call that was let in: how it may be tried, and how long it may take in milliseconds. */
export interface Admittance {
  readonly plan: Omit<TryPlan, 'signal'>;
  readonly wholeMs: number;
}

/** What a call must pass before it costs anything: its key's policy, somebody who can serve it, every limit and budget. */
@Injectable()
export class Admission {
  // eslint-disable-next-line max-params -- each is asked once
  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    private readonly groups: ModelGroups,
    private readonly router: Router,
    private readonly tickets: Tickets,
    private readonly keeper: HoldKeeper,
    private readonly meter: Meter,
    private readonly standIns: StandInCover,
  ) {}

  /**
   * Changes the call to what its key may ask for and opens its ticket, which is from then on in `progress` and must be
   * settled.
   *
   * @param stopper ends the call, with an error that its client is told.
   * @param narrowed leaves the deployments of a route that can serve the call; throws when there are none.
   * @throws {GatewayError} with nothing taken from anyone.
   */
  async admit(call: Call, progress: Progress, stopper: Stopper, narrowed = unchanged): Promise<Admittance> {
    const narrow = (other: Route): Route => servable(call, narrowed(other), this.settings.dropParams);
    const route = narrow(await this.leadTo(call, progress));
    const wholeMs = this.wholeCallMs(call, route);
    const asked = askedCall(call);
    const { principal } = call.context;
    // Hardly any key has them, and nothing is waited for then.
    if (principal !== undefined && principal.modelScopes.size > 0)
      progress.limitedModels = await limitedNames(principal, route, this.groups);
    const cover = async (other: Route): Promise<void> => {
      if (progress.ticket !== undefined) await this.standIns.cover(call, progress.ticket, other);
    };
    const caller = routeCaller(call, this.groups, progress.limitedModels, cover);
    const wishes = routeWishes(call, asked);
    const bearings = this.router.bearings({ route, call: asked, caller, wishes });
    const standIns = wishes.fallbacks === undefined ? [] : await this.wishedStandIns(call, wishes.fallbacks);
    const entry = { call, progress, route, standIns, wholeMs, stopper, question: bearings.question };
    const ticket = await this.tickets.open(entry);
    progress.ticket = ticket;
    this.keeper.entered(ticket);
    const answer = ticket.routing;
    const plan = {
      route,
      call: asked,
      caller,
      wishes,
      narrow,
      span: call.context.span,
      bearings: answer === undefined ? undefined : bearings,
      answer,
      onAttempt: this.onAttempt(progress),
      pin: (pin: string, value: string, ttlMs: number) => {
        this.meter.pin(pin, value, ttlMs);
      },
    };
    return { plan, wholeMs };
  }

  /** Somebody answers, whose content is to come. */
  answering({ ticket }: Progress): void {
    if (ticket !== undefined) this.keeper.answering(ticket);
  }

  /** A chunk of the answer came. */
  heard({ ticket }: Progress): void {
    if (ticket !== undefined) this.keeper.heard(ticket);
  }

  /** Where a call would go; nothing is taken. @throws {GatewayError} */
  async routeOf(call: Call, progress: Progress): Promise<Route> {
    return servable(call, await this.leadTo(call, progress), this.settings.dropParams);
  }

  /** The model group of a call that its key may use, the call changed to what its key may ask for. */
  private async leadTo(call: Call, progress: Progress): Promise<Route> {
    const { principal } = call.context;
    const policy = principal?.policy ?? openPolicy;
    const name = routedName(policy, requestedModelOf(call));
    const route = await this.groups.resolve(name, principal?.teamId);
    progress.modelLabel = route.label;
    progress.modelGroup = route.modelGroup;
    const isForced = policy.forcedModel !== undefined;
    const isFree = principal === undefined || isForced || principal.policy.modelRules.length === 0;
    const refusal = isFree ? undefined : modelRefusal(principal, name, await modelFacts(principal, route, this.groups));
    if (refusal !== undefined) throw refusal;
    if (call.dialect === 'native') call.native = nativeWithinPolicy(call.native, policy);
    else call.client = withinPolicy(call.client, policy);
    return route;
  }

  /** What the request itself wants asked in the place of its model, and the tier it asks for there. */
  private async wishedStandIns(call: Call, fallbacks: readonly OwnFallback[]): Promise<readonly StandIn[]> {
    const routes = fallbacks.map(async ({ model, call: own }) => {
      const tier = own?.kind === 'canonical' ? own.request.service_tier : call.requestedTier;
      const deployment = await this.groups.targetOf(model, call.context.principal?.teamId);
      return deployment === undefined ? [] : [{ deployment, tier }];
    });
    return (await Promise.all(routes)).flat();
  }

  private onAttempt(progress: Progress): TryPlan['onAttempt'] {
    return (deployment, attempt, reasoningDropped) => {
      progress.deployment = deployment;
      progress.reasoningDropped = reasoningDropped;
      progress.opened = undefined;
      progress.attempts = attempt;
      if (progress.ticket !== undefined) this.meter.assign(progress.ticket.facts.id, deployment.id);
    };
  }

  /** A request's own limit counts; a deployment's bounds JSON answers, since streams of an agent run long. */
  private wholeCallMs(call: Call, route: Route): number {
    const { wholeJsonMs, wholeStreamMs } = this.settings.times;
    if (call.wishes?.timeoutMs !== undefined) return call.wishes.timeoutMs;
    if (isStream(call)) return wholeStreamMs;
    const own = route.deployments.flatMap(({ timeoutMs }) => (timeoutMs === undefined ? [] : [timeoutMs]));
    return own.length > 0 ? Math.max(...own) : wholeJsonMs;
  }
}

function unchanged(route: Route): Route {
  return route;
}
