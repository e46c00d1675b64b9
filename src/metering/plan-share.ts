/** A quota window of a plan, as an account's answers tell it. */
export interface PlanReading {
  /** Part that is used, 0 to 1. */
  readonly usedRatio: number;
  /** Unix milliseconds; another one means that the window began anew. */
  readonly resetAtMs: number | undefined;
  /** When it was read. Unix milliseconds. */
  readonly readAtMs: number;
}

/** How much of a plan's window a token takes. */
export interface PlanShare {
  /** Parts per million of the window for one token; undefined before anything was measured. */
  readonly ppmPerToken: number | undefined;
  /** Standard error of it, in the same measure. */
  readonly error: number;
  /** Movements that it was measured by. */
  readonly samples: number;
}

const ppm = 1_000_000;
/** Windows are told in whole percent, so that a movement is known to half a percent on either side. */
const stepPpm = 10_000;
/** Weight of what was learned before, at each new movement: plans and models change. */
const memory = 0.97;
/** A movement is measured over at least so many steps of the reading, or its rounding would be most of it. */
const leastSteps = 2;

/**
 * Learns what part of a plan's quota window one token takes: the movement of the window between two readings, over the
 * tokens that this gateway settled between them. What others take from the same login counts as ours, so the figure is
 * rather too high; the error says how far the movements differ among themselves. Pure but for what it remembers.
 */
export class PlanShareEstimator {
  private last: PlanReading | undefined;
  private tokens = 0;
  /** Weighted sums of movements, of tokens, of their products and squares, and of the weights. */
  private sums = { weight: 0, moved: 0, tokens: 0, squares: 0 };
  private count = 0;

  /** Tokens that were settled on this account. */
  settled(tokens: number): void {
    this.tokens += tokens;
  }

  /** A reading of the window. One that is older than the last is left out. */
  read(reading: PlanReading): void {
    const { last } = this;
    if (last !== undefined && reading.readAtMs < last.readAtMs) return;
    const hasBegunAnew = last === undefined || isOther(last, reading);
    if (hasBegunAnew) {
      this.begin(reading);
      return;
    }
    const moved = Math.round((reading.usedRatio - last.usedRatio) * ppm);
    if (moved < leastSteps * stepPpm || this.tokens === 0) return;
    this.learn(moved, this.tokens);
    this.begin(reading);
  }

  get share(): PlanShare {
    const { weight, moved, tokens, squares } = this.sums;
    if (tokens === 0) return { ppmPerToken: undefined, error: 0, samples: 0 };
    const ppmPerToken = moved / tokens;
    // Spread of the single ratios around the common one, and the rounding of the readings.
    const variance = Math.max(0, squares / weight - ppmPerToken ** 2) / Math.max(1, weight - 1);
    const rounding = (stepPpm / Math.sqrt(6)) * (Math.sqrt(weight) / tokens);
    return { ppmPerToken, error: Math.sqrt(variance + rounding ** 2), samples: this.count };
  }

  /** Parts per million that so many tokens are likely to take, rounded up; 0 before anything was measured. */
  partOf(tokens: number): number {
    return Math.ceil((this.share.ppmPerToken ?? 0) * tokens);
  }

  private begin(reading: PlanReading): void {
    this.last = reading;
    this.tokens = 0;
  }

  private learn(moved: number, tokens: number): void {
    const ratio = moved / tokens;
    const { sums } = this;
    this.sums = {
      weight: sums.weight * memory + 1,
      moved: sums.moved * memory + moved,
      tokens: sums.tokens * memory + tokens,
      squares: sums.squares * memory + ratio ** 2,
    };
    this.count += 1;
  }
}

/**
 * A window that ends at another time is another one. One that ends at the same time and says less was told before, by an
 * answer that came to its point later.
 */
function isOther(before: PlanReading, now: PlanReading): boolean {
  if (before.resetAtMs === undefined || now.resetAtMs === undefined) return now.usedRatio < before.usedRatio;
  return Math.abs(before.resetAtMs - now.resetAtMs) > 60_000;
}
