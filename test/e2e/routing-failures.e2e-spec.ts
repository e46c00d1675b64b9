import { json } from '../simulator/answer';
import { faults } from '../simulator/faults';
import { teamConfig } from '../support/accounts';
import { type ReadAnswer } from '../support/calls';
import { dialectDoors, type Door, expectGoodEnd } from '../support/doors';
import { firstAndSecond, inOrder, RuledWorld } from '../support/ruled-world';

/** What one account's failure means for the client, the other account and itself. */
interface Row {
  /** Status when the other account may answer; 200 when it does. */
  readonly status: number;
  /** Calls that the failing account gets, then those that the other one gets. */
  readonly calls: readonly [failing: number, other: number];
  /** What rests afterwards, as `scope kind seconds`. */
  readonly rests: string | undefined;
  /** The same when the failing account is the only one. */
  readonly alone: readonly [status: number, calls: number, rests: string | undefined];
}

const minute = 60;
const account = (kind: string, seconds: number): string => `account first ${kind} ${seconds}`;

/** The request is at fault: nobody else is asked, nobody rests. */
const bad: Row = { status: 400, calls: [1, 0], rests: undefined, alone: [400, 1, undefined] };
/** A failure that anybody may have: the other one answers; alone it is tried again. */
const passing = (status: number): Row => ({
  status: 200,
  calls: [1, 1],
  rests: undefined,
  alone: [status, 2, undefined],
});
const burst = (seconds: number, calls: number): Row => ({
  status: 200,
  calls: [1, 1],
  rests: account('burst', seconds),
  alone: [429, calls, undefined],
});
const quota = (seconds: number): Row => ({
  status: 200,
  calls: [1, 1],
  rests: account('quota', seconds),
  alone: [429, 1, account('quota', seconds)],
});
const login = (calls: number, seconds: number): Row => ({
  status: 200,
  calls: [calls, 1],
  rests: account('quarantine', seconds),
  alone: [503, calls, account('quarantine', seconds)],
});
/** Both accounts lie behind the same edge. */
const edge: Row = { status: 503, calls: [1, 1], rests: undefined, alone: [503, 1, undefined] };
const lacking: Row = { status: 200, calls: [1, 1], rests: 'model first gpt-5.5 model 600', alone: [404, 1, undefined] };

/** Every row of the protocol's table of errors (9.1), as statuses and as events in a stream, and every cut and stall. */
const rows: Readonly<Partial<Record<keyof typeof faults, Row>>> = {
  detail400: bad,
  cyberPolicy400: bad,
  invalidImage400: bad,
  contextLength400: bad,
  invalidEncryptedContent400: bad,
  tooLarge413: bad,
  unauthorized401: login(1, minute),
  missingScopes401: login(1, minute),
  deactivatedWorkspace402: login(1, 5 * minute),
  invalidWorkspace403: login(1, 5 * minute),
  cloudflare403: { ...edge, status: 200 },
  cloudflareBlocked403: { ...edge, status: 200 },
  notFound404: passing(502),
  unknown404: passing(502),
  modelNotFound404: lacking,
  usageLimit404: quota(5 * minute),
  usageLimit: quota(14_000),
  usageNotIncluded429: quota(5 * minute),
  burst429: burst(2, 2),
  burst429WithoutHeader: burst(2, 2),
  server500: passing(502),
  html502: passing(502),
  html504: passing(502),
  overloaded503: passing(503),
  slowDown503: passing(503),
  failedContextLength: bad,
  failedInvalidPrompt: bad,
  failedCyberPolicy: bad,
  failedQuota: quota(5 * minute),
  failedUsageNotIncluded: quota(5 * minute),
  failedUsageLimit: quota(5 * minute),
  failedRateLimit: burst(2, 2),
  failedOverloaded: passing(503),
  failedServerError: passing(502),
  errorEvent: passing(502),
  errorEventNested: quota(minute),
  emptyBody: passing(502),
  eofBeforeContent: passing(502),
  resetBeforeContent: passing(502),
  refusedConnection: passing(502),
  silence: passing(504),
};

const nativeBody = {
  model: 'team',
  instructions: 'Be short.',
  input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hi' }] }],
  store: false,
  stream: true,
};

/** The doors, all of which go through the same rooms. */
const doors: readonly Door[] = [...dialectDoors, ['native', '/backend-api/codex/responses', nativeBody]];
const times = { firstEventMs: 300, idleMs: 300, retryBackoffMs: 10 };

/** One answer, from its beginning to its good end, with nothing of what went wrong before it. */
function expectWhole(answer: ReadAnswer): void {
  expectGoodEnd(answer);
  const { text } = answer;
  expect(text.match(/"response\.created"|"role":"assistant","content":""/g) ?? []).toHaveLength(
    text.startsWith('{') ? 0 : 1,
  );
}

describe('an account that fails before the first content, beside another', () => {
  const pair = new RuledWorld();
  pair.withRules(firstAndSecond, inOrder(1), { times });

  describe.each(doors)('%s', (_, path, body) => {
    it.each(Object.entries(rows))('%s', async (name, row) => {
      pair.world.answers('first', faults[name as keyof typeof faults]);
      const { refreshes } = pair.world.simulator.counts;
      const { answer, to: asked } = await pair.askAt(path, body);
      expect(answer.status).toBe(row.status);
      if (row.status === 200) expectWhole(answer);
      const to = (account: string): number => asked.filter((each) => each === account).length;
      // A login that is refused is renewed, if it was not a moment ago, and the call sent once more.
      const renewed = pair.world.simulator.counts.refreshes - refreshes;
      expect([to('first') - renewed, to('second')]).toEqual(row.calls);
      expect(await pair.resting()).toEqual(row.rests === undefined ? [] : [row.rests]);
    });
  });
});

describe('an account that fails before the first content, alone', () => {
  const single = new RuledWorld();
  single.withRules([{ account: 'first' }], inOrder(1), { times });

  it.each(Object.entries(rows))('%s', async (name, { alone: [status, calls, rests] }) => {
    single.world.answers('first', faults[name as keyof typeof faults]);
    const { refreshes } = single.world.simulator.counts;
    const { answer, to } = await single.ask();
    expect(answer.status).toBe(status);
    expect(to.length - (single.world.simulator.counts.refreshes - refreshes)).toBe(calls);
    expect(await single.resting()).toEqual(rests === undefined ? [] : [rests]);
  });
});

describe('a model that a CLI closes to itself by what its own headers say', () => {
  const pair = new RuledWorld();
  const config = teamConfig(firstAndSecond).replaceAll('model_name: team', 'model_name: gpt-5.5');
  pair.withRules(firstAndSecond, `${inOrder(1)}, model_group_alias: { team: gpt-5.5 }`, { times, config });

  it.each([
    ['a version that is too old for it', { version: '0.1.0' }],
    ['the lite profile, which it does not have', { 'x-openai-internal-codex-responses-lite': 'true' }],
  ])('%s: its own request is refused, nobody else is asked and nothing rests', async (_, headers) => {
    const body = { ...nativeBody, model: 'gpt-5.5' };
    const { answer, to } = await pair.askAt('/backend-api/codex/responses', body, headers);
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('model is not supported when using');
    expect(to).toEqual(['first']);
    expect(await pair.resting()).toEqual([]);
    expect((await pair.ask()).answer.status).toBe(200);
  });

  it('is not closed by a CLI that names no version, for which ours stands: an account without the model is moved past', async () => {
    const detail = "The 'gpt-5.5' model is not supported when using Codex with a ChatGPT account.";
    pair.world.answers('first', json(400, { detail }));
    const { answer, to } = await pair.askAt('/backend-api/codex/responses', { ...nativeBody, model: 'gpt-5.5' });
    expect([answer.status, to]).toEqual([200, ['first', 'second']]);
  });
});
