import { AccountsBench } from './accounts';
import { post, type ReadAnswer } from './calls';

export const question = { model: 'team', input: 'Hi' };
export const quiet = 'quota_poll_seconds: 0';
const times = { retryBackoffMs: 5, firstEventMs: 5_000 };

let current: AccountsBench | undefined;

/** The gateway of the suite that runs. */
export function world(): AccountsBench {
  if (current === undefined) throw new Error('no world is started');
  return current;
}

/** Starts a gateway of its own for one set of rules. */
export function withWorld(...parameters: Parameters<typeof AccountsBench.start>): void {
  beforeAll(async () => {
    const [members, options] = parameters;
    current = await AccountsBench.start(members, { times, ...options });
    await post(world().bench, '/v1/responses', question);
  });
  afterEach(() => world().rested());
  afterAll(() => world().close());
}

/** Asks, and says which accounts were asked for it. */
export async function ask(body: Record<string, unknown> = question, headers: Record<string, string> = {}): Promise<{ answer: ReadAnswer; to: readonly string[] }> {
  const before = world().simulator.seen.length;
  const answer = await post(world().bench, '/v1/responses', body, headers);
  return { answer, to: world().askedSince(before) };
} // prettier-ignore

export const errorOf = ({ json }: ReadAnswer): Record<string, unknown> =>
  (json as { error: Record<string, unknown> }).error;
