import { openPolicy, type Principal } from '../kernel/principal';
import { TagRoll } from './tag-roll';

const day = 86_400_000;
let nowMs = 0;
let roll: TagRoll;

beforeEach(() => {
  nowMs = 20_000 * day;
  roll = new TagRoll({ nowMs: () => nowMs, monotonicMs: () => 0 });
});

const keyed = (keyHash: string, tags: readonly string[] = []): Principal => ({
  kind: 'virtual',
  role: 'internal_user',
  keyHash,
  policy: { ...openPolicy, tags },
  scopes: [],
  modelScopes: new Map(),
});

/** Uses up what a key may bring in a day. */
function madeUp(keyHash: string): void {
  for (let at = 0; at < 1_000; at += 1) roll.called({ tags: [`job-${at}`] }, keyed(keyHash));
}

it('the first thousand tags of a key are counted, later ones stay behind them, and a new day begins anew', () => {
  madeUp('k1');
  const asked = { tags: ['new', 'job-7', 'newer', 'job-999'], sessionId: 's1' };
  const told = roll.called(asked, keyed('k1'));
  expect(told).toEqual({ tags: ['job-7', 'job-999', 'new', 'newer'], uncountedTags: 2, sessionId: 's1' });
  nowMs += day;
  expect(roll.called(asked, keyed('k1'))).toBe(asked);
});

it("other keys have a thousand of their own, and what an administrator gave a key is none of its requests'", () => {
  madeUp('k1');
  const asked = { tags: ['team-a'] };
  expect(roll.called(asked, keyed('k2'))).toBe(asked);
  expect(roll.called(asked, undefined)).toBe(asked);
  expect(roll.called(asked, keyed('k1', ['team-a']))).toBe(asked);
  expect(roll.called(asked, keyed('k1')).uncountedTags).toBe(1);
});
