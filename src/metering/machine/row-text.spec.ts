import fc from 'fast-check';
import { type LedgerRow } from '../ledger-row';
import { rowFromText, rowText } from './row-text';

const count = fc.nat();
/** Plain words, and everything that JSON has to escape. */
const word = fc.oneof(fc.stringMatching(/^[\w.:/-]{0,20}$/), fc.string({ unit: 'binary', maxLength: 20 }));
const maybeWord = fc.option(word, { nil: undefined });
const maybeCount = fc.option(count, { nil: undefined });
const maybeSome = fc.option(fc.integer({ min: 1 }), { nil: undefined });

const cost = fc.record({
  input: count,
  cachedInput: count,
  cacheWrite: count,
  output: count,
  reasoning: count,
  discount: count,
  margin: count,
  priceSource: word,
});

const rows: fc.Arbitrary<LedgerRow> = fc.record({
  id: word,
  callType: word,
  keyHash: word,
  keyAlias: maybeWord,
  teamId: maybeWord,
  userId: maybeWord,
  customerId: maybeWord,
  tags: fc.array(word, { maxLength: 3 }),
  uncountedTags: maybeSome,
  startMs: count,
  firstContentMs: maybeCount,
  endMs: count,
  requestedModel: word,
  modelGroup: word,
  model: word,
  otherGroups: fc.option(fc.array(word, { minLength: 1, maxLength: 3 }), { nil: undefined }),
  deploymentId: maybeWord,
  provider: maybeWord,
  apiBase: maybeWord,
  account: maybeWord,
  status: fc.constantFrom('success', 'failure'),
  end: word,
  errorCode: maybeWord,
  httpStatus: count,
  stream: fc.boolean(),
  usage: fc.record({
    inputTokens: count,
    cachedInputTokens: count,
    cacheWriteTokens: count,
    outputTokens: count,
    reasoningTokens: count,
  }),
  spend: fc.maxSafeNat(),
  plan5h: maybeCount,
  planWeek: maybeCount,
  cost: fc.option(cost, { nil: undefined }),
  tier: fc.record({ requested: maybeWord, actual: maybeWord, billed: word }),
  quality: fc.constantFrom('exact', 'estimated'),
  late: fc.boolean(),
  attempts: count,
  sessionId: maybeWord,
  clientIp: maybeWord,
  userAgent: maybeWord,
  metadata: fc.option(fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), word), { nil: undefined }),
});

describe('the text of a row', () => {
  it('is one line of JSON, written as JSON itself writes it', () => {
    fc.assert(
      fc.property(rows, (row) => {
        const text = rowText(row);
        expect(JSON.stringify(JSON.parse(text))).toBe(text);
        expect(text).not.toMatch(/[\n\t]/);
      }),
    );
  });

  it('gives the row again, whatever is in its words', () => {
    fc.assert(
      fc.property(rows, (row) => {
        expect(rowFromText(rowText(row))).toEqual(row);
      }),
    );
  });

  it('gives an adjustment again, also one of a version before a budget could be told of it later', () => {
    const [row] = fc.sample(rows, 1);
    const adjusts = { kind: 'key' as const, id: 'k1', model: 'big', periods: { 'nano_usd:1d:0:1': -5 } };
    const earlier = rowText({ ...row, adjusts } as LedgerRow);
    expect(earlier).toContain('["key","k1","big",{"nano_usd:1d:0:1":-5}]');
    expect(rowFromText(earlier).adjusts).toEqual(adjusts);
    const follower = { ...adjusts, follows: 'adjust_1' };
    expect(rowFromText(rowText({ ...row, adjusts: follower } as LedgerRow)).adjusts).toEqual(follower);
  });

  it('ends for a row of no further groups where it did before there were any, and else has a number there', () => {
    const [row] = fc.sample(rows, 1);
    const textOf = (more: Partial<LedgerRow>): readonly unknown[] =>
      JSON.parse(rowText({ ...row, ...more } as LedgerRow)) as unknown[];
    const plain = textOf({ uncountedTags: undefined, otherGroups: undefined });
    expect(textOf({ uncountedTags: 2, otherGroups: undefined })).toEqual([...plain, 2]);
    expect(textOf({ uncountedTags: undefined, otherGroups: ['fast'] })).toEqual([...plain, 0, ['fast']]);
  });

  it('has nothing where a number is none, so that it can be read at all', () => {
    const [row] = fc.sample(rows, 1);
    const text = rowText({ ...row, plan5h: Number.NaN } as LedgerRow);
    expect(rowFromText(text).plan5h).toBeUndefined();
  });
});
