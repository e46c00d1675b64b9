import { chatBody, type ErrorEnvelope, post, type ReadAnswer } from '../support/calls';
import { startBench, type TestBench } from '../support/gateway';
import { type Reply } from '../simulator/answer';
import { burst429, faults } from '../simulator/faults';

/** What each surface answers to a fault that strikes before the first content. */
interface Row {
  readonly status: number;
  readonly type: string;
  /** Machine code on the native surface. */
  readonly code: string;
  /** Upstream calls for one request, with one retry allowed. */
  readonly calls: number;
  readonly retryAfter?: number;
  readonly param?: string;
  /** SDKs are told that their own retries are useless. */
  readonly pointless: boolean;
}

const invalid = (code: string, param?: string): Row => ({
  status: 400,
  type: 'invalid_request_error',
  code,
  calls: 1,
  pointless: true,
  ...(param === undefined ? {} : { param }),
});
const login = (code: string): Row => ({
  status: 503,
  type: 'upstream_authentication_error',
  code,
  calls: 1,
  pointless: true,
});
const quota = (retryAfter?: number): Row => ({
  status: 429,
  type: 'usage_limit_reached',
  code: 'usage_limit_reached',
  calls: 1,
  // An SDK sleeps through a minute by itself.
  pointless: retryAfter === undefined || retryAfter > 60,
  ...(retryAfter === undefined ? {} : { retryAfter }),
});
const burst: Row = { status: 429, type: 'rate_limit_error', code: 'rate_limit_exceeded', calls: 2, pointless: false };
const blocked: Row = { status: 503, type: 'upstream_blocked', code: 'upstream_blocked', calls: 1, pointless: true };
const broken = (code = 'server_error'): Row => ({ status: 502, type: 'bad_gateway', code, calls: 2, pointless: false });
const overloaded: Row = {
  status: 503,
  type: 'service_unavailable',
  code: 'server_is_overloaded',
  calls: 2,
  pointless: false,
};

const rows: Readonly<Partial<Record<keyof typeof faults, Row>>> = {
  detail400: invalid('invalid_request_error'),
  cyberPolicy400: invalid('cyber_policy'),
  invalidImage400: invalid('invalid_value', 'input[0].content[0].image_url'),
  contextLength400: invalid('context_length_exceeded', 'input'),
  invalidEncryptedContent400: invalid('invalid_encrypted_content'),
  // The first refusal of a login has it refreshed and the call sent once more; then it is left alone for a while.
  unauthorized401: { ...login('upstream_authentication_error'), calls: 2 },
  tokenExpired401: login('upstream_authentication_error'),
  tokenInvalidated401: login('upstream_authentication_error'),
  missingScopes401: login('upstream_authentication_error'),
  deactivatedWorkspace402: login('upstream_workspace_refused'),
  invalidWorkspace403: login('upstream_workspace_refused'),
  cloudflare403: blocked,
  cloudflareBlocked403: blocked,
  notFound404: broken(),
  unknown404: broken(),
  usageLimit404: quota(),
  modelNotFound404: { status: 404, type: 'invalid_request_error', code: 'model_not_found', calls: 1, pointless: true },
  tooLarge413: invalid('context_length_exceeded'),
  usageLimit: quota(13_872),
  usageNotIncluded429: quota(),
  burst429: { ...burst, retryAfter: 2 },
  burst429WithoutHeader: { ...burst, retryAfter: 2 },
  server500: broken(),
  html502: broken(),
  html504: broken(),
  overloaded503: overloaded,
  slowDown503: overloaded,
  failedContextLength: invalid('context_length_exceeded'),
  failedQuota: quota(),
  failedUsageNotIncluded: quota(),
  failedUsageLimit: quota(),
  failedRateLimit: { ...burst, retryAfter: 2 },
  failedOverloaded: overloaded,
  failedServerError: broken(),
  failedInvalidPrompt: invalid('invalid_prompt'),
  failedCyberPolicy: invalid('cyber_policy'),
  errorEvent: broken(),
  errorEventNested: quota(60),
  emptyBody: broken('stream_cut'),
  eofBeforeContent: broken('stream_cut'),
  resetBeforeContent: broken('upstream_unreachable'),
  refusedConnection: broken('upstream_unreachable'),
  silence: { status: 504, type: 'timeout', code: 'upstream_timeout', calls: 2, pointless: false },
};

const nativeBody = {
  model: 'gpt-5.5',
  instructions: 'Be short.',
  input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hi' }] }],
  store: false,
  stream: true,
};
const responsesBody = { model: 'gpt-5.5', input: 'Hi' };
const cli = { originator: 'codex_exec' };

let bench: TestBench;

/** One call at every door, all at once. */
async function everywhere(): Promise<{ openai: ReadAnswer[]; codex: ReadAnswer[] }> {
  const [openai, codex] = await Promise.all([
    Promise.all([
      post(bench, '/v1/chat/completions', chatBody()),
      post(bench, '/v1/chat/completions', chatBody({ stream: true })),
      post(bench, '/v1/responses', responsesBody),
      post(bench, '/v1/responses', { ...responsesBody, stream: true }),
    ]),
    Promise.all([
      post(bench, '/backend-api/codex/responses', nativeBody),
      post(bench, '/v1/responses', { ...responsesBody, stream: true }, cli),
    ]),
  ]);
  return { openai, codex };
}

const errorIn = (answer: ReadAnswer | undefined): ErrorEnvelope['error'] & Record<string, unknown> =>
  (answer?.json as ErrorEnvelope | undefined)?.error as ErrorEnvelope['error'] & Record<string, unknown>;
const seenCalls = (): number => bench.simulator.counts.responses;

/** Both the start of a page and every word that only the upstream said. */
const foreignWords = /<|doctype|just a moment|plan_type|eligible_promo|"detail"|resets_in_seconds/i;

describe('an upstream that fails before the first content', () => {
  beforeAll(async () => {
    bench = await startBench({
      // What rests, and how many retries a group may have, is told in routing-failures.e2e-spec.ts.
      config: `
litellm_settings: { num_retries: 1 }
router_settings: { disable_cooldowns: true, retry_budget: { percent: 100, minimum: 10000 } }
`,
      times: { firstEventMs: 400, idleMs: 400, retryBackoffMs: 20 },
    });
    // The catalog is asked for once, before anything is counted.
    await post(bench, '/v1/chat/completions', chatBody());
  });
  afterEach(() => {
    bench.simulator.script.clear();
    bench.simulator.release();
  });
  afterAll(async () => {
    await bench.close();
  });

  it.each(Object.entries(rows))('%s is told as a real status at every door', async (name, row) => {
    const fault: Reply = faults[name as keyof typeof faults];
    bench.simulator.script.always(fault);
    const before = seenCalls();
    const { openai, codex } = await everywhere();
    expect(seenCalls() - before).toBe(row.calls * (openai.length + codex.length));
    for (const answer of openai) expectOpenAi(answer, row);
    for (const answer of codex) expectCodex(answer, row);
    for (const { text, headers } of [...openai, ...codex]) {
      expect(text).not.toMatch(foreignWords);
      expect(headers.get('x-should-retry')).toBe(row.pointless ? 'false' : null);
    }
  });

  it('shows a CLI our words for a used up plan, and when it is free again', async () => {
    bench.simulator.script.always(faults.usageLimit);
    const { codex } = await everywhere();
    for (const answer of codex) {
      const promo = answer.headers.get('x-codex-promo-message') ?? '';
      expect(promo).toMatch(/^[\x20-\x7e]+[^.]$/);
      expect(errorIn(answer)['resets_at']).toBeGreaterThan(Date.now() / 1000 + 13_000);
    }
  });

  it('never makes a CLI sleep long for a burst', async () => {
    bench.simulator.script.always(burst429(59));
    const answer = await post(bench, '/v1/responses', responsesBody, cli);
    expect(answer.status).toBe(429);
    expect(Number(answer.headers.get('retry-after'))).toBeLessThanOrEqual(30);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  });

  it('is tried again: a second attempt that succeeds is an ordinary answer', async () => {
    bench.simulator.script.next(faults.server500);
    const answer = await post(bench, '/v1/chat/completions', chatBody());
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-litellm-attempted-retries')).toBe('1');
  });

  it('that forgets its content type is read all the same', async () => {
    bench.simulator.script.always(faults.mislabelled);
    const { openai, codex } = await everywhere();
    for (const answer of [...openai, ...codex]) {
      expect(answer.status).toBe(200);
      expect(answer.text).toContain('Labelled');
    }
  });

  it('with 401 is asked once more when the login file was renewed meanwhile', async () => {
    await post(bench, '/v1/chat/completions', chatBody());
    const used = bench.simulator.seen.at(-1)?.headers['authorization'] ?? '';
    bench.simulator.tokens.expire(used.replace('Bearer ', ''));
    const refused = bench.simulator.counts.unauthorized;
    const renewed = bench.simulator.makeAuthFile(bench.folder, { fileName: 'auth.json' });
    const answer = await post(bench, '/v1/chat/completions', chatBody());
    expect(answer.status).toBe(200);
    expect(bench.simulator.counts.unauthorized - refused).toBe(1);
    expect(bench.simulator.seen.at(-1)?.headers['authorization'] === `Bearer ${renewed.bearer}`).toBe(true);
  });
});

function expectOpenAi(answer: ReadAnswer, row: Row): void {
  expect(answer.headers.get('content-type')).toContain('application/json');
  expect({ status: answer.status, ...errorIn(answer) }).toMatchObject({
    status: row.status,
    type: row.type,
    code: String(row.status),
    param: row.param ?? null,
  });
  expect(errorIn(answer).message).toMatch(/\S/);
  expectRetryAfter(answer, row.retryAfter);
  expect(answer.headers.get('x-codex-promo-message')).toBeNull();
}

/** Towards a CLI every outage is a 503 of the code that it repeats least often. */
function expectCodex(answer: ReadAnswer, row: Row): void {
  const outage = row.status >= 502 && row.status <= 504;
  const spent = row.type === 'usage_limit_reached';
  expect({ status: answer.status, ...errorIn(answer) }).toMatchObject({
    // An unknown model is a 400 to a CLI, because older ones repeat a 404 six times.
    status: outage ? 503 : row.status === 404 ? 400 : row.status,
    type: row.type,
    code: outage ? 'server_is_overloaded' : row.code,
    param: row.param ?? null,
  });
  if (spent) expect(answer.headers.get('x-codex-promo-message')).toMatch(/\S/);
  expectRetryAfter(answer, row.retryAfter);
}

function expectRetryAfter({ headers }: ReadAnswer, seconds: number | undefined): void {
  if (seconds === undefined) return;
  const told = Number(headers.get('retry-after'));
  // The reset of a plan is told as a moment, which comes nearer from the beginning of the suite on.
  expect(told).toBeLessThanOrEqual(seconds + 5);
  expect(told).toBeGreaterThanOrEqual(seconds - (seconds > 1_000 ? 300 : 5));
  expect(Number.isInteger(told)).toBe(true);
}
