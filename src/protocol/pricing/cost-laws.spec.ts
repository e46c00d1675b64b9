import fc from 'fast-check';
import { type TokenUsage } from '../../kernel/usage';
import { chatUsage } from '../chat/chat-usage';
import { costOf, holdNanos, type PriceAdjustment } from './cost-of';
import { type ModelPrice, type TokenRates } from './model-price';
import { type BilledTier } from './service-tier';
import { toldUsage } from './told-usage';

const standard: BilledTier = { tier: 'standard', isListed: true };
const million = 1_000_000;

function priceOf(rates: TokenRates): ModelPrice {
  return { source: 'list', name: 'm', bands: [{ aboveTokens: -1, standard: rates }] };
}

/** Disjoint kinds of token, which add up; `TokenUsage` has parts inside wholes. */
interface Kinds {
  readonly plain: number;
  readonly cached: number;
  readonly written: number;
  readonly said: number;
  readonly thought: number;
}

function usageOfKinds({ plain, cached, written, said, thought }: Kinds): TokenUsage {
  return {
    inputTokens: plain + cached + written,
    cachedInputTokens: cached,
    cacheWriteTokens: written,
    outputTokens: said + thought,
    reasoningTokens: thought,
  };
}

function together(left: Kinds, right: Kinds): Kinds {
  return {
    plain: left.plain + right.plain,
    cached: left.cached + right.cached,
    written: left.written + right.written,
    said: left.said + right.said,
    thought: left.thought + right.thought,
  };
}

const count = fc.integer({ min: 0, max: 5 * million });
const kinds: fc.Arbitrary<Kinds> = fc.record({
  plain: count,
  cached: count,
  written: count,
  said: count,
  thought: count,
});
const anyKind = fc.constantFrom<keyof Kinds>('plain', 'cached', 'written', 'said', 'thought');
const rate = fc.integer({ min: 0, max: 1_000_000_000_000 });
const rates: fc.Arbitrary<TokenRates> = fc.record({
  input: rate,
  cachedInput: rate,
  cacheWrite: rate,
  output: rate,
  reasoning: rate,
});
const adjustment: fc.Arbitrary<PriceAdjustment> = fc.record({
  discountPpm: fc.integer({ min: 0, max: million }),
  marginPpm: fc.integer({ min: 0, max: 100 * million }),
  marginFixedNanos: fc.integer({ min: 0, max: 1_000_000_000 }),
});
/** A price whose long band is dearer, as all of them are. */
const banded: fc.Arbitrary<ModelPrice> = fc
  .tuple(rates, rates, fc.integer({ min: 1, max: 4 * million }))
  .map(([short, more, aboveTokens]) => ({
    source: 'list',
    name: 'm',
    bands: [
      {
        aboveTokens,
        standard: {
          input: short.input + more.input,
          cachedInput: short.cachedInput + more.cachedInput,
          cacheWrite: short.cacheWrite + more.cacheWrite,
          output: short.output + more.output,
          reasoning: short.reasoning + more.reasoning,
        },
      },
      { aboveTokens: -1, standard: short },
    ],
  }));

describe('for any usage and price', () => {
  it('more of one kind of token never costs less', () => {
    fc.assert(
      fc.property(kinds, fc.tuple(anyKind, count), banded, adjustment, (base, [kind, more], price, adjust) => {
        const less = costOf(usageOfKinds(base), standard, price, adjust).nanos;
        const grown = costOf(usageOfKinds({ ...base, [kind]: base[kind] + more }), standard, price, adjust).nanos;
        expect(grown).toBeGreaterThanOrEqual(less);
      }),
    );
  });

  it('the cost of two requests is the cost of one with all their tokens, but for the rounding of each', () => {
    fc.assert(
      fc.property(kinds, kinds, rates, (left, right, price) => {
        const both = together(left, right);
        const [a, b, ab] = [left, right, both].map(
          (each) => costOf(usageOfKinds(each), standard, priceOf(price)).nanos,
        );
        fc.pre((ab ?? 0) < Number.MAX_SAFE_INTEGER);
        const apart = (a ?? 0) + (b ?? 0) - (ab ?? 0);
        expect(apart === 0 || apart === 1).toBe(true);
      }),
    );
  });

  it('whole thousands of tokens add up exactly', () => {
    const thousands = fc.integer({ min: 0, max: 1_000 }).map((each) => each * 1_000);
    const exact = fc.record({
      plain: thousands,
      cached: thousands,
      written: thousands,
      said: thousands,
      thought: thousands,
    });
    fc.assert(
      fc.property(exact, exact, rates, (left, right, price) => {
        const sum = (each: Kinds): number => costOf(usageOfKinds(each), standard, priceOf(price)).nanos;
        const both = together(left, right);
        fc.pre(sum(both) < Number.MAX_SAFE_INTEGER);
        expect(sum(both)).toBe(sum(left) + sum(right));
      }),
    );
  });

  it('the parts never exceed the whole and miss it by no more than their rounding', () => {
    fc.assert(
      fc.property(kinds, rates, adjustment, (each, price, adjust) => {
        const plain = costOf(usageOfKinds(each), standard, priceOf(price));
        const { nanos, parts } = costOf(usageOfKinds(each), standard, priceOf(price), adjust);
        fc.pre(nanos < Number.MAX_SAFE_INTEGER && plain.nanos < Number.MAX_SAFE_INTEGER);
        const kindsSum = parts.input + parts.cachedInput + parts.cacheWrite + parts.output + parts.reasoning;
        expect(kindsSum).toBeLessThanOrEqual(plain.nanos);
        expect(plain.nanos - kindsSum).toBeLessThanOrEqual(5);
        expect(Math.abs(nanos - (kindsSum - parts.discount + parts.margin))).toBeLessThanOrEqual(8);
      }),
    );
  });

  it('agrees with the sum worked out token by token', () => {
    const small = fc.integer({ min: 0, max: 40 });
    const few = fc.record({ plain: small, cached: small, written: small, said: small, thought: small });
    fc.assert(
      fc.property(few, rates, (each, price) => {
        let picos = 0n;
        const spend = (tokens: number, perToken: number): void => {
          for (let token = 0; token < tokens; token += 1) picos += BigInt(perToken);
        };
        spend(each.plain, price.input);
        spend(each.cached, price.cachedInput);
        spend(each.written, price.cacheWrite);
        spend(each.said, price.output);
        spend(each.thought, price.reasoning);
        const expected = Number(picos / 1000n) + (picos % 1000n === 0n ? 0 : 1);
        expect(costOf(usageOfKinds(each), standard, priceOf(price)).nanos).toBe(expected);
      }),
    );
  });

  it('a chat answer and a Responses answer with the same usage cost the same nano-dollar', () => {
    fc.assert(
      fc.property(kinds, banded, (each, price) => {
        const told = usageOfKinds(each);
        const inResponses = {
          usage: {
            input_tokens: told.inputTokens,
            input_tokens_details: { cached_tokens: told.cachedInputTokens, cache_write_tokens: told.cacheWriteTokens },
            output_tokens: told.outputTokens,
            output_tokens_details: { reasoning_tokens: told.reasoningTokens },
          },
        };
        const expected = costOf(told, standard, price);
        for (const answer of [inResponses, { usage: chatUsage(told) }]) {
          const heard = toldUsage(answer);
          expect(heard && costOf(heard, standard, price)).toEqual(expected);
        }
      }),
    );
  });

  it('a hold covers every usage that has no more tokens than it was made for', () => {
    fc.assert(
      fc.property(kinds, banded, adjustment, fc.tuple(count, count), (each, price, adjust, [moreIn, moreOut]) => {
        const told = usageOfKinds(each);
        const held = holdNanos(told.inputTokens + moreIn, told.outputTokens + moreOut, price, {
          tier: standard,
          adjustment: adjust,
        });
        expect(held).toBeGreaterThanOrEqual(costOf(told, standard, price, adjust).nanos);
      }),
    );
  });
});
