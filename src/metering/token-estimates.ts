import { Injectable } from '@nestjs/common';
import { type QuestionSize } from '../protocol/canonical/question-size';

/** What a request is likely to use. */
export interface TokenEstimate {
  readonly input: number;
  readonly output: number;
}

/** Bytes of a token: three and a half are few for prose and right for code, so that a hold is rather too large. */
const bytesPerToken = 3.5;
/** What backends charge for a picture of common size. */
const tokensPerImage = 1_200;
/** Base64 of what was one token of reasoning. */
const sealedBytesPerToken = 6;
/** Before a key has answers of its own. */
const firstOutput = 1_500;
const samplesKept = 32;
/** Pairs of key and model that are remembered. */
const remembered = 5_000;

/**
 * Guesses what requests will use, so that as much can be set aside: the question by its size, the answer by the ninth
 * longest of ten recent ones of the same key and model.
 */
@Injectable()
export class TokenEstimates {
  private readonly outputs = new Map<string, OutputSamples>();

  of(size: QuestionSize, keyHash: string, modelGroup: string): TokenEstimate {
    return { input: inputTokensOf(size), output: this.outputs.get(`${keyHash}\n${modelGroup}`)?.high ?? firstOutput };
  }

  /** Learns from an answer whose usage upstream told. */
  learn(keyHash: string, modelGroup: string, outputTokens: number): void {
    const key = `${keyHash}\n${modelGroup}`;
    const samples = this.outputs.get(key) ?? new OutputSamples();
    // Put in anew, so that what is used least lately is first and goes first.
    this.outputs.delete(key);
    this.outputs.set(key, samples);
    samples.add(outputTokens);
    if (this.outputs.size <= remembered) return;
    const [oldest] = this.outputs.keys();
    if (oldest !== undefined) this.outputs.delete(oldest);
  }
}

/** Tokens of a question, rather too many than too few. */
export function inputTokensOf({ textBytes, images, sealedBytes }: QuestionSize): number {
  return Math.ceil(textBytes / bytesPerToken + sealedBytes / sealedBytesPerToken) + images * tokensPerImage;
}

/** The newest outputs, and the one that nine of ten are not above. */
class OutputSamples {
  high = firstOutput;
  private readonly samples: number[] = [];
  private next = 0;

  add(tokens: number): void {
    this.samples[this.next] = tokens;
    this.next = (this.next + 1) % samplesKept;
    const sorted = [...this.samples].sort((a, b) => a - b);
    this.high = Math.max(1, sorted[Math.ceil(sorted.length * 0.9) - 1] ?? firstOutput);
  }
}
