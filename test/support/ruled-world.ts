import { type Reply } from '../simulator/answer';
import { AccountsBench, type GroupMember } from './accounts';
import { post, type ReadAnswer } from './calls';

const rich = 'retry_budget: { percent: 100, minimum: 10000 }';
const times = { retryBackoffMs: 5, firstEventMs: 5_000 };
const question = { model: 'team', input: 'Hi' };

/** One account, and two alike, of a group `team`. */
export const single: readonly GroupMember[] = [{ account: 'a' }];
export const two: readonly GroupMember[] = [{ account: 'a' }, { account: 'b' }];
/** The second one is asked only when the first one cannot be. */
export const ranked: readonly GroupMember[] = [
  { account: 'a', params: 'weight: 1' },
  { account: 'b', params: 'weight: 0' },
];

/** What one question came to, and which accounts it was put to, in order. */
export interface Asked {
  readonly answer: ReadAnswer;
  readonly to: readonly string[];
}

/** What an error answer says of itself. */
export const errorOf = ({ json }: ReadAnswer): Record<string, unknown> =>
  (json as { error: Record<string, unknown> }).error;

/** Gateways of one suite, one after the other, each with router settings of its own. */
export class RuledWorld {
  private running: AccountsBench | undefined;

  /** The gateway of the `describe` that runs. */
  get world(): AccountsBench {
    if (this.running === undefined)
      throw new Error('no gateway runs: neither withRules nor withGateway was called in this describe');
    return this.running;
  }

  /** To be called in a `describe`: a gateway whose router settings hold `router`. */
  withRules(members: readonly GroupMember[], router: string, config?: string): void {
    const rest = `router_settings: { quota_poll_seconds: 0, queue_timeout: 0, ${rich}, ${router} }\n`;
    this.withGateway(members, config === undefined ? { rest } : { config: `${config}${rest}` });
  }

  /** To be called in a `describe`: a gateway that is configured by nothing but these options. */
  withGateway(...[members, options]: Parameters<typeof AccountsBench.start>): void {
    beforeAll(async () => {
      this.running = await AccountsBench.start(members, { times, ...options });
      // The catalog is asked for before anything is counted.
      await this.ask();
      await this.world.rested();
    });
    afterEach(() => this.world.rested());
    afterAll(() => this.world.close());
  }

  async ask(body: Record<string, unknown> = {}, headers: Record<string, string> = {}): Promise<Asked> {
    const { world } = this;
    const before = world.simulator.seen.length;
    const answer = await post(world.bench, '/v1/responses', { ...question, ...body }, headers);
    return { answer, to: world.askedSince(before) };
  }

  /** What rests after so many questions that account `a` answers like this. */
  async restingAfter(reply: Reply, calls: number): Promise<readonly string[]> {
    this.world.answers('a', reply);
    for (let call = 0; call < calls; call += 1) await this.ask();
    return (await this.world.resting()).map(({ scope, kind, seconds }) => `${scope} ${kind} ${seconds}`);
  }

  /** Waits until so many answers are held. */
  async isHeld(count: number): Promise<void> {
    while (this.world.simulator.held < count) await new Promise((resolve) => setImmediate(resolve));
  }
}
