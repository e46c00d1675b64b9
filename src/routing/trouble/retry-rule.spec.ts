import { type CountsByError } from '../../config/routing-values';
import { type FailureKind, UpstreamFailure } from '../../kernel/upstream-failure';
import { RetryBudget } from './retry-budget';
import { retryChoice, type RetryChoice, type RetryLimits, type TriesSoFar } from './retry-rule';

const limits: RetryLimits = { retries: 2, policy: undefined, backoffMs: 500, longestMs: 8_000, leastMs: 0 };
const first: TriesSoFar = { retries: 0, moves: 0, fresh: 0, sameIsUp: true };
const among: TriesSoFar = { ...first, fresh: 3 };
const stop: RetryChoice = { kind: 'stop' };
const move: RetryChoice = { kind: 'move' };
const atOnce: RetryChoice = { kind: 'retry', waitMs: 0 };
const middle = (): number => 0.5;

function chosen(
  kind: FailureKind,
  tries: TriesSoFar,
  own: Partial<RetryLimits> = {},
  retryAfterMs?: number,
): RetryChoice {
  const failure = new UpstreamFailure({ kind, message: 'x', ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
  return retryChoice(failure, { ...limits, ...own }, tries, middle);
}

describe('after a failure', () => {
  it.each<[FailureKind, RetryChoice, RetryChoice]>([
    // kind, alone, with others that were not tried yet
    ['rate_limited', { kind: 'retry', waitMs: 375 }, atOnce],
    ['overloaded', { kind: 'retry', waitMs: 375 }, atOnce],
    ['server_error', { kind: 'retry', waitMs: 375 }, atOnce],
    ['network', { kind: 'retry', waitMs: 375 }, atOnce],
    ['timeout', { kind: 'retry', waitMs: 375 }, atOnce],
    ['cut', { kind: 'retry', waitMs: 375 }, atOnce],
    ['quota_exhausted', stop, move],
    ['unauthorized', stop, move],
    ['workspace_refused', stop, move],
    ['model_unavailable', stop, move],
    ['blocked', stop, atOnce],
    ['invalid_request', stop, stop],
    ['context_too_long', stop, stop],
    ['content_policy', stop, stop],
    ['client_gone', stop, stop],
  ])('%s is tried again where that makes sense', (kind, alone, withOthers) => {
    expect(chosen(kind, first)).toEqual(alone);
    expect(chosen(kind, among)).toEqual(withOthers);
  });

  it('the retries end at their number, and moves do not count among them', () => {
    expect(chosen('server_error', { ...among, retries: 2 })).toEqual(stop);
    expect(chosen('quota_exhausted', { ...among, retries: 2, moves: 7 })).toEqual(move);
    expect(chosen('quota_exhausted', { ...among, moves: 8 })).toEqual(stop);
  });

  it('none means none', () => {
    expect(chosen('server_error', among, { retries: 0 })).toEqual(stop);
    expect(chosen('quota_exhausted', among, { retries: 0 })).toEqual(stop);
  });

  it('pauses double up to the longest one, with jitter', () => {
    const pauses = [0, 1, 2, 5].map((retries) => chosen('server_error', { ...first, retries }, { retries: 9 }));
    expect(pauses.map((choice) => choice.kind === 'retry' && choice.waitMs)).toEqual([375, 750, 1_500, 6_000]);
  });

  it('an upstream that names a wait gets it, unless it is longer than a call waits', () => {
    expect(chosen('rate_limited', first, {}, 2_000)).toEqual({ kind: 'retry', waitMs: 2_100 });
    expect(chosen('rate_limited', first, {}, 8_001)).toEqual(stop);
    expect(chosen('rate_limited', among, {}, 60_000)).toEqual(atOnce);
  });

  it('retry_after is the shortest pause', () => {
    expect(chosen('server_error', first, { leastMs: 3_000 })).toEqual({ kind: 'retry', waitMs: 3_000 });
  });

  it('a deployment that rests is not waited for', () => {
    expect(chosen('server_error', { ...first, sameIsUp: false })).toEqual(stop);
  });

  it('a policy replaces the count, and makes a refused request worth another try', () => {
    const policy: CountsByError = new Map([
      ['BadRequestError', 1],
      ['RateLimitError', 0],
      ['Default', 5],
    ]);
    expect(chosen('invalid_request', among, { policy })).toEqual(atOnce);
    expect(chosen('invalid_request', { ...among, retries: 1 }, { policy })).toEqual(stop);
    expect(chosen('rate_limited', among, { policy })).toEqual(stop);
    expect(chosen('server_error', { ...among, retries: 4 }, { policy })).toEqual(atOnce);
    expect(chosen('client_gone', among, { policy })).toEqual(stop);
  });
});

describe('the retry budget of a group', () => {
  const limitsOfBudget = { share: 0.2, minimum: 3 };

  it.each([1, 10, 100, 1_000])('lets an outage of %d calls cost a fifth of them, and at least three', (calls) => {
    const budget = new RetryBudget(limitsOfBudget);
    let retries = 0;
    for (let call = 0; call < calls; call += 1) {
      budget.called(call);
      for (let attempt = 0; attempt < 2; attempt += 1) if (budget.take(call)) retries += 1;
    }
    expect(retries).toBe(Math.max(Math.min(3, 2 * calls), Math.floor(calls / 5)));
  });

  it('forgets after a minute', () => {
    const budget = new RetryBudget(limitsOfBudget);
    const taken = (nowMs: number): number => [1, 2, 3, 4].filter(() => budget.take(nowMs)).length;
    expect(taken(0)).toBe(3);
    expect(taken(49_999)).toBe(0);
    expect(taken(60_000)).toBe(3);
  });

  it('may be set to nothing', () => {
    expect(new RetryBudget({ share: 0, minimum: 0 }).take(0)).toBe(false);
  });
});
