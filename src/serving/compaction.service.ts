import { Injectable } from '@nestjs/common';
import { Clock } from '../kernel/clock';
import { type StopSignal } from '../kernel/stop-signal';
import { type GatewayError, modelNotFound } from '../kernel/errors';
import { ModelGroups, type Route } from '../routing/model-groups';
import { Router } from '../routing/router';
import { type Call } from './call';
import { brokenEnd, toGatewayError } from './endings';
import { progressFrom } from './progress';
import { routeCaller, routeWishes } from './route-plan';
import { clientLeft, RunningCalls } from './running-calls';
import { Settlement } from './settlement';

/** The unary sibling of the story: one compaction, one JSON answer, settled like any call. */
@Injectable()
export class CompactionService {
  // eslint-disable-next-line max-params -- the unary story names each of its rooms once
  constructor(
    private readonly groups: ModelGroups,
    private readonly router: Router,
    private readonly settlement: Settlement,
    private readonly running: RunningCalls,
    private readonly clock: Clock,
  ) {}

  /** @returns the upstream's JSON as it came. @throws {GatewayError} on any failure. */
  async compact(call: Call & { dialect: 'native' }, gone: StopSignal): Promise<Buffer> {
    const progress = progressFrom(call.context.startedMs, []);
    const stopper = this.running.entered();
    const leave = (): void => {
      stopper.abort(clientLeft());
    };
    gone.addEventListener('abort', leave);
    if (gone.aborted) leave();
    let error: GatewayError | undefined;
    try {
      const route = onlyCodex(await this.groups.resolve(call.native.model, call.context.principal?.teamId));
      progress.modelLabel = route.label;
      progress.upstreamStartedMs = this.clock.monotonicMs();
      const { body } = await this.router.compact({
        route,
        call: call.native,
        caller: routeCaller(call, this.groups),
        wishes: routeWishes(call, call.native),
        narrow: onlyCodex,
        signal: stopper,
        onAttempt: (deployment, attempt) => {
          progress.deployment = deployment;
          progress.attempts = attempt;
        },
      });
      progress.end = 'completed';
      return body;
    } catch (thrown) {
      error = toGatewayError(thrown);
      progress.end = brokenEnd(error, progress);
      throw error;
    } finally {
      gone.removeEventListener('abort', leave);
      this.running.left(stopper);
      this.settlement.settle(call, progress, error);
    }
  }
}

/** Only the Codex backend compacts. @throws {GatewayError} 404 when the model is not served by it. */
function onlyCodex(route: Route): Route {
  const deployments = route.deployments.filter(({ provider }) => provider === 'codex');
  if (deployments.length === 0) throw modelNotFound(route.requestedModel);
  return { ...route, deployments };
}
