import { faults } from '../simulator/faults';
import { AccountsBench } from '../support/accounts';
import { chatBody, post, type ReadAnswer } from '../support/calls';
import { oneRetry } from '../support/two-accounts';

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
}; // prettier-ignore

const nativeBody = {
  model: 'team',
  instructions: 'Be short.',
  input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hi' }] }],
  store: false,
  stream: true,
};

/** The doors, all of which go through the same rooms. */
const doors: readonly (readonly [name: string, path: string, body: Record<string, unknown>])[] = [
  ['chat, whole', '/v1/chat/completions', chatBody({ model: 'team' })],
  ['chat, streamed', '/v1/chat/completions', chatBody({ model: 'team', stream: true })],
  ['responses, whole', '/v1/responses', { model: 'team', input: 'Hi' }],
  ['responses, streamed', '/v1/responses', { model: 'team', input: 'Hi', stream: true }],
  ['native', '/backend-api/codex/responses', nativeBody],
];
const times = { firstEventMs: 300, idleMs: 300, retryBackoffMs: 10 };

/** Words of a failure, in whichever dialect; an answer that succeeded has none of them. */
const failureWords = /"error":\{|response\.failed|event: error/;
const goodEnds = /all is well|"finish_reason":"stop"[^]*data: \[DONE\]/;

/** One answer, from its beginning to its good end, with nothing of what went wrong before it. */
function expectWhole({ text }: ReadAnswer): void {
  expect(text).toMatch(goodEnds);
  expect(text).not.toMatch(failureWords);
  expect(text.match(/"response\.created"|"role":"assistant","content":""/g) ?? []).toHaveLength(
    text.startsWith('{') ? 0 : 1,
  );
}

describe('an account that fails before the first content, beside another', () => {
  let pair: AccountsBench;
  beforeAll(async () => {
    // The second one is asked only when the first one cannot be.
    pair = await AccountsBench.start([{ account: 'first', params: 'weight: 1' }, { account: 'second', params: 'weight: 0' }], { rest: oneRetry, times });
    await post(pair.bench, '/v1/responses', { model: 'team', input: 'Hi' });
  }); // prettier-ignore
  afterEach(() => pair.rested());
  afterAll(() => pair.close());

  describe.each(doors)('%s', (_, path, body) => {
    it.each(Object.entries(rows))('%s', async (name, row) => {
      pair.answers('first', faults[name as keyof typeof faults]);
      const before = pair.simulator.seen.length;
      const { refreshes } = pair.simulator.counts;
      const answer = await post(pair.bench, path, body);
      expect(answer.status).toBe(row.status);
      if (row.status === 200) expectWhole(answer);
      const asked = pair.askedSince(before);
      const to = (account: string): number => asked.filter((each) => each === account).length;
      // A login that is refused is renewed, if it was not a moment ago, and the call sent once more.
      const renewed = pair.simulator.counts.refreshes - refreshes;
      expect([to('first') - renewed, to('second')]).toEqual(row.calls);
      const resting = await pair.resting();
      expect(resting.map(({ scope, kind, seconds }) => `${scope} ${kind} ${seconds}`)).toEqual(
        row.rests === undefined ? [] : [row.rests],
      );
    });
  });
});

describe('an account that fails before the first content, alone', () => {
  let single: AccountsBench;
  beforeAll(async () => {
    single = await AccountsBench.start([{ account: 'first' }], { rest: oneRetry, times });
    await post(single.bench, '/v1/responses', { model: 'team', input: 'Hi' });
  });
  afterEach(() => single.rested());
  afterAll(() => single.close());

  it.each(Object.entries(rows))('%s', async (name, { alone: [status, calls, rests] }) => {
    single.answers('first', faults[name as keyof typeof faults]);
    const before = single.simulator.seen.length;
    const { refreshes } = single.simulator.counts;
    const answer = await post(single.bench, '/v1/responses', { model: 'team', input: 'Hi' });
    expect(answer.status).toBe(status);
    expect(single.askedSince(before).length - (single.simulator.counts.refreshes - refreshes)).toBe(calls);
    const resting = await single.resting();
    expect(resting.map(({ scope, kind, seconds }) => `${scope} ${kind} ${seconds}`)).toEqual(rests === undefined ? [] : [rests]);
  }); // prettier-ignore
});
