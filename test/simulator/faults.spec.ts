import { cutAfterBytes, delayed, drip, held, silence, stall } from './answer';
import { deltas, text } from './answers';
import { ask, eventsIn, jsonIn, spokenIn } from './caller';
import { faults, htmlPage, httpError, usageLimit } from './faults';
import { type Simulator, startSimulator } from './simulator';

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator();
});
afterEach(() => {
  simulator.reset();
});
afterAll(() => simulator.close());

describe('the table of faults', () => {
  const failing = Object.entries(faults).filter(([, answer]) => answer.status !== 200);
  it.each(failing)('answers %s with its status and body', async (name, answer) => {
    simulator.script.next(answer);
    const heard = await ask(simulator);
    expect(heard.status).toBe(answer.status);
    expect(/\d{3}/.exec(name)?.[0] ?? String(heard.status)).toBe(String(heard.status));
    expect(simulator.counts).toMatchObject({ responses: 1, refusedRequests: 0 });
  });

  it.each([
    ['failedContextLength', 'context_length_exceeded'],
    ['failedQuota', 'insufficient_quota'],
    ['failedUsageNotIncluded', 'usage_not_included'],
    ['failedRateLimit', 'rate_limit_exceeded'],
    ['failedOverloaded', 'server_is_overloaded'],
    ['failedServerError', 'server_error'],
    ['failedInvalidPrompt', 'invalid_prompt'],
    ['failedCyberPolicy', 'cyber_policy'],
  ] as const)('fails inside the stream for %s', async (name, code) => {
    simulator.script.next(faults[name]);
    const last = eventsIn((await ask(simulator)).bytes).at(-1);
    expect(last).toMatchObject({ type: 'response.failed', response: { status: 'failed', error: { code } } });
  });

  it('speaks half a sentence before a late failure', async () => {
    simulator.script.next(faults.failedAfterText);
    const { bytes } = await ask(simulator);
    expect([spokenIn(bytes), eventsIn(bytes).at(-1)?.['type']]).toEqual(['Half of an', 'response.failed']);
  });

  it('knows both shapes of the error event and both incomplete endings', async () => {
    simulator.script.next(
      faults.errorEvent,
      faults.errorEventNested,
      faults.incompleteMaxTokens,
      faults.incompleteContentFilter,
    );
    const lasts = [];
    for (let at = 0; at < 4; at += 1) lasts.push(eventsIn((await ask(simulator)).bytes).at(-1));
    expect(lasts).toMatchObject([
      { type: 'error', code: 'server_error' },
      { type: 'error', status: 429, error: { type: 'usage_limit_reached' } },
      { type: 'response.incomplete', response: { incomplete_details: { reason: 'max_output_tokens' } } },
      { type: 'response.incomplete', response: { incomplete_details: { reason: 'content_filter' } } },
    ]);
  });

  it('tells an empty quota window in body and headers', async () => {
    simulator.script.next(usageLimit(60), faults.burst429, faults.burst429WithoutHeader);
    const [empty, burst, bare] = [await ask(simulator), await ask(simulator), await ask(simulator)];
    expect(jsonIn(empty.bytes)).toMatchObject({ error: { type: 'usage_limit_reached', resets_in_seconds: 60 } });
    expect(empty.headers).toMatchObject({
      'x-codex-primary-reset-after-seconds': '60',
      'x-codex-primary-used-percent': '100',
    });
    expect([empty.headers['retry-after'], burst.headers['retry-after'], bare.headers['retry-after']]).toEqual([
      undefined,
      '2',
      undefined,
    ]);
  });

  it('shows the page of the edge network', async () => {
    simulator.script.next(faults.cloudflare403, htmlPage(502, 'Bad gateway'), httpError(418, { a: 1 }, { 'x-b': 'c' }));
    const [blocked, page, free] = [await ask(simulator), await ask(simulator), await ask(simulator)];
    expect([blocked.status, blocked.headers['cf-mitigated'], blocked.bytes.toString()]).toEqual([
      403,
      'challenge',
      expect.stringContaining('Just a moment'),
    ]);
    expect([page.status, page.headers['content-type']]).toEqual([502, 'text/html; charset=UTF-8']);
    expect([free.status, free.headers['x-b'], jsonIn(free.bytes)]).toEqual([418, 'c', { a: 1 }]);
  });
});

describe('a connection', () => {
  it.each([
    ['fin', 'ECONNRESET'],
    ['reset', 'ECONNRESET'],
  ] as const)('breaks off after the scripted bytes with a %s', async (how, broken) => {
    simulator.script.next(cutAfterBytes(text('A sentence that is cut'), 700, how));
    const heard = await ask(simulator);
    expect([heard.status, heard.bytes.length, heard.broken]).toEqual([200, 700, broken]);
    expect(await simulator.seen[0]?.ended).toBe('cut');
    expect(simulator.counts.cancelled).toBe(0);
  });

  it('dies before the status line', async () => {
    simulator.script.next(faults.refusedConnection);
    expect(await ask(simulator)).toMatchObject({ status: 0, broken: 'ECONNRESET' });
  });

  it('falls silent after the scripted bytes until it is released', async () => {
    simulator.script.next(stall(text('Patience is rewarded'), 900));
    let silentAt = 0;
    const heard = await ask(simulator, undefined, {
      onBytes: (received) => {
        if (received.length !== 900) return;
        silentAt = received.length;
        simulator.release();
      },
    });
    expect([silentAt, spokenIn(heard.bytes)]).toEqual([900, 'Patience is rewarded']);
  });

  it('counts a client that leaves during a stall', async () => {
    simulator.script.next(stall(text('Nobody hears this'), 300));
    await ask(simulator, undefined, {
      onBytes: (_received, hangUp) => {
        hangUp();
      },
    });
    expect(await simulator.seen[0]?.ended).toBe('cancelled');
    expect([simulator.counts.cancelled, simulator.held]).toEqual([1, 0]);
  });

  it('can say nothing at all', async () => {
    simulator.script.next(silence(), held(text('Late but well')));
    const silent = ask(simulator);
    await simulator.waitForRequest(() => true);
    const late = ask(simulator);
    await simulator.waitForRequest((seen) => seen === simulator.seen[1]);
    simulator.release();
    expect([(await silent).status, spokenIn((await late).bytes)]).toEqual([0, 'Late but well']);
  });

  it('drips the body in the scripted pieces', async () => {
    const sizes: number[] = [];
    simulator.script.next(drip(text('Grüße'), 64, 1));
    const heard = await ask(simulator, undefined, { onBytes: (received) => sizes.push(received.length) });
    expect(spokenIn(heard.bytes)).toBe('Grüße');
    expect(sizes.length).toBeGreaterThan(10);
  });

  it('pauses before the status line and between deltas', async () => {
    simulator.script.next(delayed(deltas(5, 20), 50));
    const from = performance.now();
    const heard = await ask(simulator);
    expect(spokenIn(heard.bytes)).toBe('word0 word1 word2 word3 word4 ');
    expect(performance.now() - from).toBeGreaterThanOrEqual(140);
  });
});
