import { type Reply } from '../simulator/answer';
import { AccountsBench, type GroupMember } from './accounts';
import { post, type ReadAnswer } from './calls';
import { type BenchOptions } from './gateway';

const rich = 'retry_budget: { percent: 100, minimum: 100000 }';
const question = { model: 'team', input: 'Hi' };

/** One account, and two alike, of a group `team`. */
export const single: readonly GroupMember[] = [{ account: 'a' }];
export const two: readonly GroupMember[] = [{ account: 'a' }, { account: 'b' }];
/** The second one is asked only when the first one cannot be. */
export const ranked: readonly GroupMember[] = [
  { account: 'a', params: 'weight: 1' },
  { account: 'b', params: 'weight: 0' },
];
/** The same of accounts called `first` and `second`, as long as `inOrder` is among the router settings. */
export const firstAndSecond: readonly GroupMember[] = [
  { account: 'first', params: 'weight: 1' },
  { account: 'second', params: 'weight: 0' },
];
/** Router settings: accounts are asked by their weight, so often again after a failure. */
export const inOrder = (retries: number): string => `routing_strategy: simple-shuffle, num_retries: ${retries}`;

/** What one question came to, and which accounts it was put to, in order. */
export interface Asked {
  readonly answer: ReadAnswer;
  readonly to: readonly string[];
}

/** What an error answer says of itself. */
export const errorOf = ({ json }: ReadAnswer): Record<string, unknown> =>
  (json as { error: Record<string, unknown> }).error;

const brisk = { retryBackoffMs: 5, firstEventMs: 5_000 };

/** What else may differ: all of `config.yaml` before the router settings, or sections beside a group `team`; the clocks. */
interface Rules {
  readonly config?: string;
  readonly general?: string;
  readonly times?: BenchOptions['times'];
}

/** Gateways of one suite, one after the other, each with router settings of its own. */
export class RuledWorld {
  private running: AccountsBench | undefined;

  /** The gateway of the `describe` that runs. */
  get world(): AccountsBench {
    if (this.running === undefined)
      throw new Error('no gateway runs: none of runs, withRules and withGateway was called in this describe');
    return this.running;
  }

  /** To be called where tests are declared: a gateway over these accounts, from the first test there to the last. */
  runs(...[members, options]: Parameters<typeof AccountsBench.start>): void {
    beforeAll(async () => {
      this.running = await AccountsBench.start(members, options);
    });
    afterAll(() => this.world.close());
  }

  /** The same with router settings that hold `router`, as `withGateway` runs it. */
  withRules(
    members: readonly GroupMember[],
    router: string,
    { config, general = '', times = brisk }: Rules = {},
  ): void {
    const rest = `${general}router_settings: { quota_poll_seconds: 0, queue_timeout: 0, ${rich}, ${router} }\n`;
    this.withGateway(members, { ...(config === undefined ? { rest } : { config: `${config}${rest}` }), times });
  }

  /** The same with nothing but these options; the catalog is known, and everything rested after each test. */
  withGateway(...[members, options]: Parameters<typeof AccountsBench.start>): void {
    this.runs(members, { times: brisk, ...options });
    beforeAll(async () => {
      // The catalog is asked for before anything is counted.
      await this.ask();
      await this.world.rested();
    });
    afterEach(() => this.world.rested());
  }

  ask(body: Record<string, unknown> = {}, headers: Record<string, string> = {}): Promise<Asked> {
    return this.askAt('/v1/responses', { ...question, ...body }, headers);
  }

  /** The same question at any door. */
  async askAt(path: string, body: Record<string, unknown>, headers: Record<string, string> = {}): Promise<Asked> {
    const { world } = this;
    const before = world.simulator.seen.length;
    const answer = await post(world.bench, path, body, headers);
    return { answer, to: world.askedSince(before) };
  }

  /** What rests after so many questions that account `a` answers like this. */
  async restingAfter(reply: Reply, calls: number): Promise<readonly string[]> {
    this.world.answers('a', reply);
    for (let call = 0; call < calls; call += 1) await this.ask();
    return this.resting();
  }

  /** What rests, as `scope kind seconds`. */
  async resting(): Promise<readonly string[]> {
    return (await this.world.resting()).map(({ scope, kind, seconds }) => `${scope} ${kind} ${seconds}`);
  }

  /** Waits until so many answers are held. */
  async isHeld(count: number): Promise<void> {
    while (this.world.simulator.held < count) await new Promise((resolve) => setImmediate(resolve));
  }
}
