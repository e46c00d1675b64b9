import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { windowHeaders } from '../../../test/support/answer-fixtures';
import { failureOfAnswer } from './codex-failure';
import { exhaustedUntil, quotaOf, QuotaReader } from './quota-headers';
import { quotaOfFrame, quotaOfUsage } from './quota-words';

const nowMs = 1_795_206_658_000;
const fixture = join(__dirname, '..', '..', '..', 'test', 'fixtures', 'codex', 'synthetic-codex-metadata-frames.sse');

describe('what an account says of its plan', () => {
  it('is read from the frame of a stream', () => {
    const frame = /data: (\{"type":"codex.rate_limits".*)/.exec(readFileSync(fixture, 'utf8'))?.[1] ?? '';
    expect(quotaOfFrame(frame, nowMs)).toMatchObject({
      planType: 'plus',
      windows: [
        { limit: 'codex', minutes: 300, usedPercent: 7, resetAtMs: 1_795_219_826_000 },
        { limit: 'codex', minutes: 10_080, usedPercent: 29, resetAtMs: 1_795_641_620_000 },
      ],
      credits: undefined,
    });
    expect(quotaOfFrame('{"type":"codex.rate_limits"', nowMs)).toBeUndefined();
    expect(quotaOfFrame('{"type":"codex.rate_limits","rate_limits":null}', nowMs)).toBeUndefined();
  });

  it('is not read from a frame that tells of another limit than the one that every model counts towards', () => {
    const frame = (more: object): string =>
      JSON.stringify({
        type: 'codex.rate_limits',
        rate_limits: { primary: { used_percent: 100, window_minutes: 300, reset_at: 1_795_219_826 } },
        ...more,
      });
    for (const more of [{ metered_limit_name: 'codex_spark' }, { metered_limit_name: null, limit_name: 'Spark' }]) {
      expect(quotaOfFrame(frame(more), nowMs)).toBeUndefined();
    }
    for (const more of [{ metered_limit_name: null }, { metered_limit_name: 'codex', limit_name: 'Codex' }, {}]) {
      expect(quotaOfFrame(frame(more), nowMs)?.windows).toMatchObject([{ limit: 'codex', usedPercent: 100 }]);
    }
  });

  it('is read from the usage route, which counts in seconds', () => {
    const usage = {
      plan_type: 'pro',
      rate_limit: {
        primary_window: { used_percent: 12.5, limit_window_seconds: 18_000, reset_after_seconds: 60 },
        secondary_window: { used_percent: 30, limit_window_seconds: 604_800, reset_at: 1_795_300_000 },
      },
      credits: { has_credits: true, unlimited: false, balance: 7 },
      additional_rate_limits: [
        { limit_name: 'premium', rate_limit: { primary_window: { used_percent: 1, limit_window_seconds: 3_600 } } },
      ],
      rate_limit_reset_credits: { available: 2 },
    };
    expect(quotaOfUsage(usage, nowMs)).toEqual({
      planType: 'pro',
      activeLimit: undefined,
      windows: [
        { limit: 'codex', minutes: 300, usedPercent: 12.5, resetAtMs: nowMs + 60_000 },
        { limit: 'codex', minutes: 10_080, usedPercent: 30, resetAtMs: 1_795_300_000_000 },
        { limit: 'premium', minutes: 60, usedPercent: 1, resetAtMs: undefined },
      ],
      credits: { has: true, unlimited: false, balance: '7' },
      resetCredits: 2,
    });
    expect(quotaOfUsage('none', nowMs)).toBeUndefined();
  });

  it('is read from headers, further limits too', () => {
    const quota = quotaOf(
      {
        'x-codex-primary-used-percent': '100',
        'x-codex-primary-window-minutes': '10080',
        'x-codex-primary-reset-after-seconds': '90',
        'x-codex-primary-reset-at': '',
        'x-codex-secondary-used-percent': '0',
        'x-codex-secondary-window-minutes': '0',
        'x-codex-bengal-primary-used-percent': '40',
        'x-codex-bengal-primary-window-minutes': '300',
        'x-codex-bengal-limit-name': 'premium',
      },
      nowMs,
    );
    expect(quota?.windows).toEqual([
      { limit: 'codex', minutes: 10_080, usedPercent: 100, resetAtMs: nowMs + 90_000 },
      { limit: 'premium', minutes: 300, usedPercent: 40, resetAtMs: undefined },
    ]);
    expect(exhaustedUntil(quota)).toBe(nowMs + 90_000);
  });
});

describe('the headers of one account', () => {
  const headers = {
    'x-codex-primary-used-percent': '12',
    'x-codex-primary-window-minutes': '300',
    'x-codex-primary-reset-at': '1795219826',
  };

  it('are read again only when they say something else', () => {
    const reader = new QuotaReader();
    const first = reader.read(headers, nowMs);
    expect(reader.read({ ...headers, 'x-codex-primary-reset-after-seconds': '5' }, nowMs + 1)).toBe(first);
    expect(reader.read({ ...headers, 'x-codex-primary-used-percent': '13' }, nowMs)?.windows[0]?.usedPercent).toBe(13);
    expect(reader.read({}, nowMs)).toBeUndefined();
  });

  it('are read each time when they count from now', () => {
    const reader = new QuotaReader();
    const relative = { ...headers, 'x-codex-primary-reset-at': '', 'x-codex-primary-reset-after-seconds': '60' };
    const first = reader.read(relative, nowMs);
    expect(first?.windows[0]?.resetAtMs).toBe(nowMs + 60_000);
    expect(reader.read(relative, nowMs + 100)).toBe(first);
    const later = { ...relative, 'x-codex-primary-reset-after-seconds': '61' };
    expect(reader.read(later, nowMs + 100)?.windows[0]?.resetAtMs).toBe(nowMs + 61_100);
    expect(reader.read(relative, nowMs + 500)?.windows[0]?.resetAtMs).toBe(nowMs + 60_500);
  });
});

describe('a 429 without a name', () => {
  const answer = (used: string, minutes: string): ReturnType<typeof failureOfAnswer> =>
    failureOfAnswer({
      status: 429,
      headers: windowHeaders('primary', used, minutes, 7_200),
      bodyText: '',
      nowMs,
    });

  it.each<[used: string, minutes: string, kind: string, waitMs: number | undefined]>([
    ['100', '300', 'quota_exhausted', 7_200_000],
    ['100', '10080', 'quota_exhausted', 7_200_000],
    ['99.9', '300', 'rate_limited', undefined],
    ['12', '10080', 'rate_limited', undefined],
    ['100', '0', 'rate_limited', undefined],
  ])('at %s %% of a window of %s minutes is %s', (used, minutes, kind, waitMs) => {
    const failure = answer(used, minutes);
    expect([failure.kind, failure.details.retryAfterMs]).toEqual([kind, waitMs]);
  });
});
