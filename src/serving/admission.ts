import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../config/config.module';
import { type Settings } from '../config/settings';
import { type GatewayError } from '../kernel/errors';
import { openPolicy } from '../kernel/principal';
import { Meter } from '../metering/meter';
import { ModelGroups, type Route } from '../routing/model-groups';
import { type Call, requestedModelOf } from './call';
import { nativeWithinPolicy, routedName, withinPolicy } from './call-policy';
import { HoldKeeper } from './hold-keeper';
import { type Progress } from './progress';
import { servable } from './servable';
import { Tickets } from './tickets';

/** Ends the call with an error that its client is told. */
export type Stop = (error: GatewayError) => void;

/** What a call must pass before it costs anything: its key's policy, somebody who can serve it, every limit and budget. */
@Injectable()
export class Admission {
  // eslint-disable-next-line max-params -- each is asked once
  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    private readonly groups: ModelGroups,
    private readonly tickets: Tickets,
    private readonly keeper: HoldKeeper,
    private readonly meter: Meter,
  ) {}

  /**
   * Changes the call to what its key may ask for and opens its ticket, which is from then on in `progress` and must be
   * settled.
   *
   * @returns where it may go, and how long it may take in milliseconds.
   * @throws {GatewayError} with nothing taken from anyone.
   */
  async admit(
    call: Call,
    progress: Progress,
    stop: Stop,
  ): Promise<{ readonly route: Route; readonly wholeMs: number }> {
    const route = await this.routeOf(call, progress);
    const wholeMs = this.wholeCallMs(call, route);
    progress.ticket = await this.tickets.open({ call, progress, route, wholeMs, stop });
    this.keeper.entered(progress.ticket);
    return { route, wholeMs };
  }

  /** The first half of `admit`: nothing is taken yet. @throws {GatewayError} */
  async routeOf(call: Call, progress: Progress): Promise<Route> {
    const policy = call.context.principal?.policy ?? openPolicy;
    const route = await this.groups.resolve(routedName(policy, requestedModelOf(call)));
    progress.modelLabel = route.label;
    progress.modelGroup = route.modelGroup;
    if (call.dialect === 'native') call.native = nativeWithinPolicy(call.native, policy);
    else call.client = withinPolicy(call.client, policy);
    return servable(call, route, this.settings.dropParams);
  }

  /** A deployment begins to work on the call. */
  begun({ ticket }: Progress, deploymentId: string): void {
    if (ticket !== undefined) this.meter.assign(ticket.facts.id, deploymentId);
  }

  /** A deployment's `timeout` bounds JSON answers; streams of an agent run long and have a limit of their own. */
  private wholeCallMs(call: Call, route: Route): number {
    const { wholeJsonMs, wholeStreamMs } = this.settings.times;
    if (call.dialect === 'native' || call.client.stream) return wholeStreamMs;
    const own = route.deployments.flatMap(({ timeoutMs }) => (timeoutMs === undefined ? [] : [timeoutMs]));
    return own.length > 0 ? Math.max(...own) : wholeJsonMs;
  }
}
