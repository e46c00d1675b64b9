import fc from 'fast-check';
import { PlanShareEstimator } from './plan-share';

const reading = (usedRatio: number, readAtMs: number, resetAtMs = 1e9) => ({ usedRatio, resetAtMs, readAtMs });
/** Windows are told in whole percent. */
const percent = (ratio: number): number => Math.round(ratio * 100) / 100;

describe('the share of a plan that a token takes', () => {
  it('is unknown before a window moved', () => {
    const estimator = new PlanShareEstimator();
    estimator.read(reading(0.1, 1));
    estimator.settled(1_000);
    estimator.read(reading(0.1, 2));
    expect(estimator.share).toEqual({ ppmPerToken: undefined, error: 0, samples: 0 });
    expect(estimator.partOf(5_000)).toBe(0);
  });

  it('is the movement of the window over the tokens between two readings', () => {
    const estimator = new PlanShareEstimator();
    estimator.read(reading(0.1, 1));
    estimator.settled(600_000);
    estimator.settled(400_000);
    estimator.read(reading(0.15, 2));
    expect(estimator.share).toMatchObject({ ppmPerToken: 0.05, samples: 1 });
    expect(estimator.share.error).toBeGreaterThan(0);
    expect(estimator.partOf(1_000_001)).toBe(50_001);
  });

  it('does not take a window that began anew, or an old reading, for a movement', () => {
    const estimator = new PlanShareEstimator();
    estimator.read(reading(0.8, 1, 1e9));
    estimator.settled(1_000_000);
    estimator.read(reading(0.01, 2, 2e9));
    estimator.settled(1_000_000);
    estimator.read(reading(0.06, 3, 3e9));
    estimator.settled(100);
    estimator.read(reading(0.9, 2, 3e9));
    expect(estimator.share.samples).toBe(0);
  });

  it('comes near the truth, within a few of its errors, however the tokens fall', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.001, max: 0.2, noNaN: true }),
        fc.array(fc.integer({ min: 1_000, max: 400_000 }), { minLength: 80, maxLength: 200 }),
        (truth, requests) => {
          const estimator = new PlanShareEstimator();
          let [used, window] = [0, 0];
          for (const [at, tokens] of requests.entries()) {
            used += (tokens * truth) / 1e6;
            if (used > 1) [used, window] = [0, window + 1];
            estimator.settled(tokens);
            estimator.read(reading(percent(used), at, 1e9 * (window + 1)));
          }
          const { ppmPerToken, error, samples } = estimator.share;
          if (samples < 5) return;
          expect(Math.abs((ppmPerToken ?? 0) - truth)).toBeLessThan(4 * error + truth * 0.05);
        },
      ),
      { numRuns: 300 },
    );
  });
});
