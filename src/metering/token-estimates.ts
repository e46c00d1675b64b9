import { Injectable } from '@nestjs/common';
import { forgetOldest } from '../kernel/forget-oldest';
import { type TokenUsage } from '../kernel/usage';
import { type QuestionSize } from '../protocol/canonical/question-size';

/** What a request is likely to use. */
export interface TokenEstimate {
  readonly input: number;
  readonly output: number;
  /** A request of this size that uses little: nine of ten use more, or have less of it cached. */
  readonly modest: ModestGuess;
}

/** What a question may use. */
export type InputGuess = Pick<TokenUsage, 'inputTokens' | 'cachedInputTokens'>;

/** What question and answer use at least, as far as experience goes. */
export type ModestGuess = InputGuess & Pick<TokenUsage, 'outputTokens'>;

/** Bytes of a token: three and a half are few for prose and right for code, so that a hold is rather too large. */
const bytesPerToken = 3.5;
/** Bytes of a token where there are most. */
const mostBytesPerToken = 8;
/** What backends charge for a picture of common size. */
const tokensPerImage = 1_200;
/** Base64 of what was one token of reasoning. */
const sealedBytesPerToken = 6;
/** Before a key has answers of its own. */
const firstOutput = 500;
/** Official instructions are up to 22 000 characters, and mostly cached. */
const firstUnseenInput = 2_000;
/** Tokens a second, of a model nobody has timed. */
const firstPerSecond = 60;
/** Shorter answers say more of the network than of the model. */
const leastTimedMs = 1_000;
const samplesKept = 32;
/** Pairs of key and model that are remembered. */
const remembered = 5_000;

/**
 * Guesses what requests will use, so that as much can be set aside: the question by its size and what is put before it, the
 * answer by the ninth longest of ten recent ones of the same key and model.
 */
@Injectable()
export class TokenEstimates {
  private readonly known = new Map<string, Experience>();

  of(size: QuestionSize, keyHash: string, modelGroup: string): TokenEstimate {
    const known = this.known.get(`${keyHash}\n${modelGroup}`);
    const input = inputTokensOf(size) + (known?.unseenInput.high ?? firstUnseenInput);
    return { input, output: known?.output.high ?? firstOutput, modest: modestOf(size, known) };
  }

  /** How fast this model answers this key, thinking included: nine of ten answers are not faster. */
  tokensPerSecond(keyHash: string, modelGroup: string): number {
    return this.known.get(`${keyHash}\n${modelGroup}`)?.perSecond.high ?? firstPerSecond;
  }

  /** How long answers of this model to this key commonly are, or to anybody as long as it had none; 0 when nobody knows. */
  usualOutput(keyHash: string, modelGroup: string): number {
    const known = this.known.get(`${keyHash}\n${modelGroup}`) ?? this.known.get(`\n${modelGroup}`);
    return known?.output.middle ?? 0;
  }

  /** Learns from an answer whose usage upstream told. */
  learn(keyHash: string, modelGroup: string, answered: Answered): void {
    this.learnFor(`${keyHash}\n${modelGroup}`, answered);
    if (keyHash !== '') this.learnFor(`\n${modelGroup}`, answered);
  }

  private learnFor(key: string, { size, usage, tookMs }: Answered): void {
    const known = this.known.get(key) ?? newExperience();
    // Put in anew, so that what is used least lately is first and goes first.
    this.known.delete(key);
    this.known.set(key, known);
    known.output.add(usage.outputTokens);
    if (tookMs >= leastTimedMs) known.perSecond.add((usage.outputTokens * 1_000) / tookMs);
    known.unseenInput.add(Math.max(0, usage.inputTokens - inputTokensOf(size)));
    if (usage.inputTokens > 0) known.cachedPart.add(Math.min(1, usage.cachedInputTokens / usage.inputTokens));
    forgetOldest(this.known, remembered);
  }
}

/** An answer whose usage is known. */
export interface Answered {
  readonly size: QuestionSize;
  readonly usage: TokenUsage;
  /** From the call upstream to its end, milliseconds. */
  readonly tookMs: number;
}

function newExperience(): Experience {
  return {
    output: new Samples(firstOutput),
    unseenInput: new Samples(firstUnseenInput),
    cachedPart: new Samples(1),
    perSecond: new Samples(firstPerSecond),
  };
}

/** What was learnt of one key and model. */
interface Experience {
  readonly output: Samples;
  /** Tokens of the question that its size does not show: official instructions, denser text than usual. */
  readonly unseenInput: Samples;
  /** Part of a question that came out of the prompt cache, 0 to 1. */
  readonly cachedPart: Samples;
  readonly perSecond: Samples;
}

/** Tokens of a question, rather too many than too few. */
export function inputTokensOf({ textBytes, images, sealedBytes }: QuestionSize): number {
  return Math.ceil(textBytes / bytesPerToken + sealedBytes / sealedBytesPerToken) + images * tokensPerImage;
}

function modestOf({ textBytes, sealedBytes }: QuestionSize, known: Experience | undefined): ModestGuess {
  const shown = Math.floor(textBytes / mostBytesPerToken + sealedBytes / (2 * sealedBytesPerToken));
  const inputTokens = shown + (known?.unseenInput.low ?? 0);
  const cachedInputTokens = Math.floor(inputTokens * (known?.cachedPart.high ?? 1));
  return { inputTokens, cachedInputTokens, outputTokens: known?.output.low ?? 0 };
}

/** The newest figures, the one that nine of ten are not above, and the one that nine of ten are not below. */
class Samples {
  /** In the order in which they came, over and over; and by size. */
  private readonly samples: number[] = [];
  private readonly sorted: number[] = [];
  private next = 0;

  low = 0;
  middle = 0;

  constructor(public high: number) {}

  add(figure: number): void {
    const { samples, sorted } = this;
    const oldest = samples[this.next];
    samples[this.next] = figure;
    this.next = (this.next + 1) % samplesKept;
    if (oldest !== figure) {
      if (oldest !== undefined) sorted.splice(sorted.indexOf(oldest), 1);
      sorted.splice(placeIn(sorted, figure), 0, figure);
    }
    this.high = sorted[Math.ceil(sorted.length * 0.9) - 1] ?? figure;
    this.middle = sorted[Math.floor(sorted.length / 2)] ?? figure;
    this.low = sorted[Math.floor(sorted.length * 0.1)] ?? figure;
  }
}

/** Behind all that are not larger. */
function placeIn(sorted: readonly number[], figure: number): number {
  let at = sorted.length;
  while (at > 0 && (sorted[at - 1] ?? 0) > figure) at -= 1;
  return at;
}
