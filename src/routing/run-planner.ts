import { type Deployment } from '../config/deployment';
import { type Clock } from '../kernel/clock';
import { type RoutingAnswer } from '../metering/meter';
import { type ModelCatalog } from '../models/model-catalog';
import { type UpstreamCall } from '../upstream/upstream';
import { type Bearings, type Conversations } from './affinity/conversations';
import { type Candidate, candidatesOf, idsOf } from './choice/candidate';
import { eligible, withRoomFor } from './choice/eligible';
import { GroupRun, type Trail } from './choice/group-run';
import { strategyFor } from './choice/strategies';
import { type Fleet } from './fleet/fleet';
import { inputTokensOf } from './input-tokens';
import { type ModelGroups, type Route } from './model-groups';
import { type TryPlan } from './try-plan';

/** What the planner looks at. */
export interface PlannerParts {
  readonly groups: Pick<ModelGroups, 'routing'>;
  readonly catalog: Pick<ModelCatalog, 'resolve'>;
  readonly fleet: Fleet;
  readonly clock: Clock;
}

/** One group that a call is about to try. */
export interface GroupVisit {
  readonly route: Route;
  readonly call: UpstreamCall;
  readonly trail: Trail;
  /** Which of the request's own fallbacks brought the call along. */
  readonly ownFallback?: number | undefined;
}

/** Finds out, before a call tries a group, who may serve it there and where it belongs. */
export class RunPlanner {
  constructor(
    private readonly parts: PlannerParts,
    private readonly conversations: Conversations,
  ) {}

  /** What binds the call, and what has to be asked about it and about the calls that the request puts to its own fallbacks. */
  bearings(plan: Pick<TryPlan, 'route' | 'call' | 'caller' | 'wishes'>): Bearings {
    const own = this.bearingsOf(plan, plan);
    const further = (plan.wishes.fallbacks ?? []).flatMap(({ call }) =>
      call === undefined ? [] : this.bearingsOf(plan, { route: plan.route, call }).question.pins,
    );
    if (further.length === 0) return own;
    const { question } = own;
    return { ...own, question: { ...question, pins: [...new Set([...question.pins, ...further])] } };
  }

  /**
   * @throws {UpstreamFailure} `context_too_long` when the input fits nowhere.
   * @throws {GatewayError} 400 when the tags of the call lead nowhere.
   */
  async plan(plan: TryPlan, { route, call, trail, ownFallback }: GroupVisit): Promise<GroupRun> {
    const settings = this.parts.groups.routing;
    const { answer: known } = plan;
    const bearings = this.bearingsIn(plan, { route, call });
    const pins = known ?? this.conversations.ask(bearings);
    const answer = pins instanceof Promise ? await pins : pins;
    const { caller, wishes } = plan;
    const tags = wishes.tags === undefined ? caller.tags : [...caller.tags, ...wishes.tags];
    const asking = { tags, userAgent: caller.userAgent, heldTo: caller.deployments };
    const may = eligible(route.deployments, asking, settings);
    const fit = settings.checksContext ? await this.roomy(may, route.requestedModel, call) : may;
    const candidates = candidatesOf(fit);
    return new GroupRun({
      plan,
      trail,
      route,
      call,
      ownFallback,
      bearings,
      whereabouts: this.conversations.whereabouts(bearings, answer, this.parts.clock.nowMs()),
      settings,
      candidates,
      strategy: strategyFor(settings.strategy, candidates),
      elsewhere: this.elsewhere(bearings, known),
    });
  }

  /** What the admission was asked counts for everything that the call tries: nothing is asked again. */
  private bearingsIn(plan: TryPlan, visit: Pick<GroupVisit, 'route' | 'call'>): Bearings {
    const { bearings: asked } = plan;
    if (visit.call === plan.call && asked !== undefined) return asked;
    const own = this.bearingsOf(plan, visit);
    return asked === undefined ? own : { ...own, question: asked.question };
  }

  private bearingsOf(
    { caller, wishes }: Pick<TryPlan, 'caller' | 'wishes'>,
    { route, call }: Pick<GroupVisit, 'route' | 'call'>,
  ): Bearings {
    const who = { keyHash: caller.keyHash, session: wishes.session };
    return this.conversations.bearings(call, who, idsOf(route.deployments), this.parts.clock.nowMs());
  }

  private async roomy(
    deployments: readonly Deployment[],
    requestedModel: string,
    call: UpstreamCall,
  ): Promise<readonly Deployment[]> {
    const windows = new Map<Deployment, number | undefined>();
    for (const each of deployments) {
      const { entry } = await this.parts.catalog.resolve(each.upstreamModel, each);
      windows.set(each, entry?.contextWindow);
    }
    return withRoomFor(deployments, { tokens: inputTokensOf(call) }, requestedModel, (each) => windows.get(each));
  }

  /** What the admission counted and this process does not see itself; most calls meet no other replica's. */
  private elsewhere({ question }: Bearings, answer: RoutingAnswer | undefined): (candidate: Candidate) => number {
    if (answer === undefined) return nobody;
    const { books } = this.parts.fleet;
    let counts: Map<string, number> | undefined;
    for (const [place, everywhere] of answer.inFlight.entries()) {
      const id = question.deploymentIds[place];
      const others = id === undefined ? 0 : everywhere - books.inFlightAt(id);
      if (id !== undefined && others > 0) (counts ??= new Map()).set(id, others);
    }
    if (counts === undefined) return nobody;
    const known = counts;
    return ({ deployment }) => known.get(deployment.id) ?? 0;
  }
}

function nobody(): number {
  return 0;
}
