import { candidate, seededRandom } from '../../../test/support/candidates';
import { MovedClock } from '../../../test/support/moved-clock';
import { SilentObserver } from '../../../test/support/silent-observer';
import { type Deployment } from '../../config/deployment';
import { defaultRouting } from '../../config/routing-settings';
import { Stopper } from '../../kernel/stop-signal';
import { noSpan } from '../../kernel/tracing';
import { UpstreamFailure } from '../../kernel/upstream-failure';
import { Conversations } from '../affinity/conversations';
import { LocalBoard } from '../board/local-board';
import { LocalPins } from '../board/local-pins';
import { Fleet } from '../fleet/fleet';
import { RunPlanner } from '../run-planner';
import { anyCaller, type TryPlan } from '../try-plan';
import { type Candidate } from './candidate';
import { Chooser } from './chooser';
import { type GroupRun } from './group-run';

const clock = new MovedClock();
let fleet: Fleet;
let chooser: Chooser;
let planner: RunPlanner;

beforeEach(() => {
  const [board, observer] = [new LocalBoard(), new SilentObserver()];
  fleet = new Fleet({ board, clock, observer, claim: () => Promise.resolve(false) });
  chooser = new Chooser(fleet, clock, seededRandom(1));
  const groups = { routing: { ...defaultRouting, strategy: 'least-busy' as const, queueTimeoutMs: 0 } };
  const catalog = { resolve: () => Promise.reject(new Error('Nothing here depends on the catalog.')) };
  planner = new RunPlanner({ groups, catalog, fleet, clock }, new Conversations(new LocalPins(clock)));
});

/** A run of the planner's making. @param everywhere calls in flight over all replicas, as an admission told. */
function runOf(members: readonly Candidate[], { everywhere = [] as number[], isById = false } = {}): Promise<GroupRun> {
  const deployments: readonly Deployment[] = members.map(({ deployment }) => deployment);
  const route = { requestedModel: 'team', modelGroup: 'team', label: 'team', deployments, isById };
  const request = { model: 'team', input: [] };
  const call = { kind: 'canonical' as const, request, fromCodexCli: false, isWire: false };
  const asked = { route, call, caller: anyCaller, wishes: {} };
  const plan: TryPlan = {
    ...asked,
    span: noSpan,
    signal: new Stopper(),
    narrow: (same) => same,
    onAttempt: () => undefined,
    bearings: planner.bearings(asked),
    answer: { inFlight: everywhere, pins: [] },
  };
  return planner.plan(plan, { route, call, trail: { attempts: 0, repeats: 0, fallbacks: 0 } });
}

const [first, second, third] = [
  candidate('a', { order: 1 }),
  candidate('b', { order: 1 }),
  candidate('c', { order: 2 }),
];

/** The candidate fails in such a way that its deployment rests. */
function rests(at: Candidate): void {
  const failure = new UpstreamFailure({ kind: 'rate_limited', message: 'x', retryAfterMs: 60_000 });
  const lease = fleet.begin(at);
  fleet.failed(lease, failure, defaultRouting, { deployment: true, account: true, route: false });
  lease.end({ failure, succeeded: false });
}

describe('the chooser', () => {
  it('counts the calls of other replicas that the admission told of, and its own only once', async () => {
    const own = [fleet.begin(first), fleet.begin(first)];
    const alone = await runOf([first, second], { everywhere: [2, 0] });
    expect([first, second].map(alone.elsewhere)).toEqual([0, 0]);
    expect((await chooser.next(alone)).candidate).toBe(second);
    const crowded = await runOf([first, second], { everywhere: [2, 5] });
    expect([first, second].map(crowded.elsewhere)).toEqual([0, 5]);
    expect((await chooser.next(crowded)).candidate).toBe(first);
    for (const lease of own) lease.end({ succeeded: true });
  });

  it('takes what has failed already only when nothing else is left, and no level that has had its tries', async () => {
    const run = await runOf([first, second, third]);
    run.tried.add(first.deployment.id);
    expect((await chooser.next(run)).candidate).toBe(second);
    run.tried.add(second.deployment.id);
    expect([first, second]).toContain((await chooser.next(run)).candidate);
    expect(chooser.nextOrder(run, 1)).toBe(2);
    run.leastOrder = 2;
    expect((await chooser.next(run)).candidate).toBe(third);
    expect(chooser.outlook(run, first)).toEqual({ fresh: 1, sameIsUp: false });
  });

  it('leaves out what rests, unless it was asked for by its id', async () => {
    rests(first);
    const run = await runOf([first, second]);
    expect((await chooser.next(run)).candidate).toBe(second);
    expect(chooser.outlook(run, first)).toEqual({ fresh: 1, sameIsUp: false });
    await expect(runOf([first]).then((alone) => chooser.next(alone))).rejects.toMatchObject({ status: 429 });
    const byId = await runOf([first], { isById: true });
    expect((await chooser.next(byId)).candidate).toBe(first);
  });
});
