import { type PlanQuota, type PlanWindow, windowNameOf } from '../../kernel/plan-quota';
import { fullHeadroom, headroomOf, overflowHeadroom, tightestWindow } from './headroom';
import { QuotaBook } from './quota-book';
import { type QuotaRecord, type QuotaSource, usedPercentAt, withRecord, withStatement } from './quota-record';

const hourMs = 3_600_000;
const startMs = 1_800_000_000_000;
const nextReset = startMs + 4 * hourMs;

function window5h(usedPercent: number, resetAtMs: number | undefined = nextReset): PlanWindow {
  return { limit: 'codex', minutes: 300, usedPercent, resetAtMs };
}

function said(...windows: readonly PlanWindow[]): PlanQuota {
  return { planType: 'plus', activeLimit: 'codex', windows, credits: undefined };
}

type Statement = [used: number, resetAtMs: number, seenMs: number, source?: QuotaSource];

/** What is known after statements `[used, reset, seen after so many ms, source]` about one window. */
function after(...statements: readonly Statement[]): QuotaRecord {
  let record: QuotaRecord | undefined;
  for (const [used, resetAtMs, seenMs, source = 'headers'] of statements) {
    record = withStatement(record, { quota: said(window5h(used, resetAtMs)), source, seenAtMs: startMs + seenMs });
  }
  if (record === undefined) throw new Error('nothing was said');
  return record;
}

describe('what is known of a window', () => {
  it.each<[string, Statement[], number, number]>([
    [
      'grows with each answer',
      [
        [10, nextReset, 0],
        [12, nextReset, 1_000],
      ],
      12,
      nextReset,
    ],
    [
      'does not shrink by an answer that was under way longer',
      [
        [12, nextReset, 1_000],
        [10, nextReset, 900],
      ],
      12,
      nextReset,
    ],
    [
      'does not shrink by an answer that is only a little younger',
      [
        [12, nextReset, 0],
        [11, nextReset, 5_000],
      ],
      12,
      nextReset,
    ],
    [
      'shrinks when the account was reset early',
      [
        [100, nextReset, 0],
        [0, nextReset, 11_000],
      ],
      0,
      nextReset,
    ],
    [
      'takes a reset that is told with another rounding for the same',
      [
        [12, nextReset, 0],
        [13, nextReset + 800, 900],
      ],
      13,
      nextReset + 800,
    ],
    [
      'begins anew with a later reset',
      [
        [99, nextReset, 0],
        [1, nextReset + 5 * hourMs, 4 * hourMs],
      ],
      1,
      nextReset + 5 * hourMs,
    ],
    [
      'is not set back by an old statement about the window before',
      [
        [1, nextReset + 5 * hourMs, 4 * hourMs],
        [99, nextReset, 3 * hourMs],
      ],
      1,
      nextReset + 5 * hourMs,
    ],
    [
      'is not set back by a poll that has not noticed the reset',
      [
        [1, nextReset + 5 * hourMs, 4 * hourMs + 1],
        [99, nextReset, 4 * hourMs + 9, 'poll'],
      ],
      1,
      nextReset + 5 * hourMs,
    ],
    [
      'believes a poll that is much younger',
      [
        [80, nextReset, 0],
        [5, nextReset, 61_000, 'poll'],
      ],
      5,
      nextReset,
    ],
    [
      'does not believe one that may lag',
      [
        [80, nextReset, 0],
        [5, nextReset, 59_000, 'poll'],
      ],
      80,
      nextReset,
    ],
    [
      'grows by frames as by headers',
      [
        [80, nextReset, 0],
        [81, nextReset, 10, 'frame'],
      ],
      81,
      nextReset,
    ],
  ])('%s', (_, statements, used, resetAtMs) => {
    expect(after(...statements).windows).toMatchObject([{ usedPercent: used, resetAtMs }]);
  });

  it('is told from others by limit and length, not by its place', () => {
    const week: PlanWindow = { limit: 'codex', minutes: 10_080, usedPercent: 40, resetAtMs: startMs + 90 * hourMs };
    const premium: PlanWindow = { limit: 'premium', minutes: 300, usedPercent: 3, resetAtMs: nextReset };
    const first = withStatement(undefined, { quota: said(week), source: 'headers', seenAtMs: startMs });
    const both = withStatement(first, {
      quota: said(window5h(7), { ...week, usedPercent: 41 }, premium),
      source: 'headers',
      seenAtMs: startMs + 1,
    });
    expect(both.windows.map(({ limit, minutes, usedPercent }) => [limit, minutes, usedPercent])).toEqual([
      ['codex', 300, 7],
      ['premium', 300, 3],
      ['codex', 10_080, 41],
    ]);
    expect([300, 299, 10_080, 43_200].map(windowNameOf)).toEqual(['5h', '5h', 'week', 'other']);
  });

  it('is nothing once its reset has passed', () => {
    expect(usedPercentAt(window5h(100), nextReset - 1)).toBe(100);
    expect(usedPercentAt(window5h(100), nextReset)).toBe(0);
    expect(usedPercentAt({ ...window5h(100), resetAtMs: undefined }, nextReset + hourMs)).toBe(100);
  });

  it('is the same in whatever order replicas hear of it', () => {
    const one = after([10, nextReset, 0], [30, nextReset, 200]);
    const other = after([20, nextReset, 100], [5, nextReset + 5 * hourMs, 4 * hourMs]);
    expect(withRecord(one, other).windows).toMatchObject([{ usedPercent: 5, resetAtMs: nextReset + 5 * hourMs }]);
    expect(withRecord(other, one).windows).toMatchObject([{ usedPercent: 5, resetAtMs: nextReset + 5 * hourMs }]);
  });
});

describe('headroom', () => {
  const at = (used: number, hoursLeft: number): QuotaRecord => after([used, startMs + hoursLeft * hourMs, 0]);

  it('is what is left relative to the time until the reset', () => {
    expect(headroomOf(at(50, 5), startMs, 0)).toBeCloseTo(50);
    expect(headroomOf(at(50, 2.5), startMs, 0)).toBeCloseTo(100);
    expect(headroomOf(at(90, 0.25), startMs, 0)).toBeGreaterThan(headroomOf(at(20, 5), startMs, 0));
  });

  it('is that of the tightest window', () => {
    const week: PlanWindow = { limit: 'codex', minutes: 10_080, usedPercent: 95, resetAtMs: startMs + 168 * hourMs };
    const record = withStatement(at(5, 5), { quota: said(week), source: 'headers', seenAtMs: startMs });
    expect(tightestWindow(record, startMs, 0)?.window.minutes).toBe(10_080);
    expect(headroomOf(record, startMs, 0)).toBeCloseTo(5);
  });

  it('counts calls in flight', () => {
    expect(headroomOf(at(50, 5), startMs, 10)).toBeCloseTo(40);
    expect(headroomOf(undefined, startMs, 10)).toBe(fullHeadroom - 10);
  });

  it('of a used-up account is nothing, unless it has credits', () => {
    expect(headroomOf(at(100, 5), startMs, 0)).toBe(0);
    expect(headroomOf(at(100, 5), startMs + 5 * hourMs, 0)).toBe(fullHeadroom);
    const rich = { ...at(100, 5), credits: { has: true, unlimited: false, balance: '5' } };
    expect(headroomOf(rich, startMs, 0)).toBe(overflowHeadroom);
  });
});

describe('the quota book', () => {
  it('learns what a call uses, also when percentages come in whole numbers', () => {
    const book = new QuotaBook();
    book.said('a', said(window5h(0)), 'headers', startMs);
    for (let call = 1; call <= 200; call += 1) {
      book.called('a');
      book.said('a', said(window5h(Math.floor(call / 4))), 'headers', startMs + call);
    }
    const idle = book.headroom('a', 0, startMs + 200);
    const busy = book.headroom('a', 8, startMs + 200);
    // Eight calls at a quarter of a percent each, over four fifths of a window.
    expect(idle - busy).toBeCloseTo(2.5, 1);
    const early = new QuotaBook();
    early.said('a', said(window5h(50)), 'headers', startMs);
    expect(early.headroom('a', 0, startMs) - early.headroom('a', 100, startMs)).toBeCloseTo(12.5);
  });

  it('tells only what is news', () => {
    const book = new QuotaBook();
    const accounts = (nowMs: number): readonly string[] => book.takeNews(nowMs).map(([account]) => account);
    book.said('a', said(window5h(10)), 'headers', startMs);
    expect(accounts(startMs)).toEqual(['a']);
    expect(accounts(startMs)).toEqual([]);
    book.said('a', said(window5h(10.2)), 'headers', startMs + 1_000);
    expect(accounts(startMs + 1_000)).toEqual([]);
    book.said('a', said(window5h(10.6)), 'headers', startMs + 2_000);
    expect(accounts(startMs + 2_000)).toEqual(['a']);
    book.said('a', said(window5h(10.6)), 'headers', startMs + 63_000);
    expect(accounts(startMs + 63_000)).toEqual(['a']);
  });

  it('does not send back what it heard', () => {
    const book = new QuotaBook();
    book.heard('a', after([10, nextReset, 0]));
    expect(book.takeNews(startMs)).toEqual([]);
    expect(book.hasRoom('a', startMs)).toBe(true);
  });

  it('knows until when an account is used up', () => {
    const book = new QuotaBook();
    book.said('a', said(window5h(100)), 'headers', startMs);
    expect(book.exhaustedUntil('a', startMs)).toBe(nextReset);
    expect(book.exhaustedUntil('a', nextReset)).toBeUndefined();
    expect(book.hasRoom('a', startMs)).toBe(false);
    expect(book.exhaustedUntil('b', startMs)).toBeUndefined();
  });
});
