import { allOut, type Hindrance } from './all-out';
import { type Cooldown, type CooldownKind, laterOf } from './cooldown';

const nowMs = 1_800_000_000_000;
const resting = (kind: CooldownKind, seconds: number, advice?: string): Hindrance => ({
  kind: 'resting',
  cooldown: {
    scope: `account ${kind}`,
    kind,
    reason: kind,
    sinceMs: nowMs,
    untilMs: nowMs + seconds * 1_000,
    ...(advice === undefined ? {} : { advice }),
  },
});
const busy: Hindrance = { kind: 'busy' };
const paused: Hindrance = { kind: 'paused' };

describe('a refusal because nobody can take the call', () => {
  it.each<[string, Hindrance[], number, string, string, number | undefined]>([
    [
      'used-up plans name the earliest reset',
      [resting('quota', 7_200), resting('quota', 300)],
      429,
      'usage_limit_reached',
      'plan_window',
      300,
    ],
    [
      'used-up plans beside refused logins count as used up',
      [resting('quota', 300), resting('quarantine', 10)],
      429,
      'usage_limit_reached',
      'plan_window',
      10,
    ],
    [
      'refused logins are nobody’s limit',
      [resting('quarantine', 60)],
      503,
      'upstream_authentication_error',
      'upstream',
      60,
    ],
    ['a blocked route is the edge’s', [resting('edge', 5)], 503, 'upstream_blocked', 'edge', 5],
    ['bursts are short', [resting('burst', 3), resting('burst', 2)], 429, 'all_deployments_in_cooldown', 'upstream', 2],
    ['an outage is a 429 with its end', [resting('errors', 5)], 429, 'all_deployments_in_cooldown', 'upstream', 5],
    [
      'anything mixed is a 429',
      [resting('quota', 300), resting('errors', 5)],
      429,
      'all_deployments_in_cooldown',
      'gateway',
      5,
    ],
    ['a model that no account has is unknown', [resting('model', 600)], 404, 'invalid_request_error', 'upstream', 600],
    ['busy ones may be free in a second', [busy, paused], 429, 'rate_limit_error', 'gateway', 1],
    ['paused ones come back when a person wants', [paused], 503, 'service_unavailable', 'gateway', undefined],
    ['nobody at all is as good as paused', [], 503, 'service_unavailable', 'gateway', undefined],
  ])('%s', (...[, hindrances, status, type, author, seconds]) => {
    const error = allOut(hindrances, nowMs);
    expect({ status: error.status, type: error.type, author: error.author }).toEqual({ status, type, author });
    expect(error.details.retryAfterMs).toBe(seconds === undefined ? undefined : seconds * 1_000);
    expect(error.details.resetAtMs).toBe(seconds === undefined ? undefined : nowMs + seconds * 1_000);
    if (seconds !== undefined) expect(error.message).toContain(`Try again in ${seconds} seconds`);
    // Nobody's own retries within seconds change what takes longer than a minute.
    expect(error.details.shouldRetry).toBe(seconds === undefined || seconds > 60 ? false : undefined);
  });

  it('names the limit and what is left of it', () => {
    expect(allOut([resting('quota', 9)], nowMs).details).toMatchObject({ limit: 'plan_window', remaining: 0 });
    expect(allOut([busy], nowMs).details).toMatchObject({ limit: 'max_parallel_requests', remaining: 0 });
  });

  it('says what a person has to do about a login', () => {
    expect(allOut([resting('quarantine', 9, 'Run login.')], nowMs).message).toContain('Run login.');
  });
});

describe('two cooldowns of one scope', () => {
  const cooldown = (sinceMs: number, untilMs: number, kind: CooldownKind): Cooldown => ({
    scope: 's',
    kind,
    reason: kind,
    sinceMs,
    untilMs,
  });

  it('keep the later deadline and its reason, whichever came first', () => {
    const short = cooldown(10, 20, 'burst');
    const long = cooldown(12, 90, 'quota');
    expect(laterOf(short, long)).toEqual({ ...long, sinceMs: 10 });
    expect(laterOf(long, short)).toBe(long);
    expect(laterOf(undefined, short)).toBe(short);
  });

  it('have nothing to do with each other when the first was over', () => {
    expect(laterOf(cooldown(0, 5, 'quota'), cooldown(5, 8, 'burst'))).toEqual(cooldown(5, 8, 'burst'));
  });
});
