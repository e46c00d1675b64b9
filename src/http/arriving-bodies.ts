const largestAtOnce = 4;
const leastBytes = 128 * 1024 * 1024;

/** What one key may have under way at once: a few bodies of the largest size, or very many of a usual one. */
export function mostUnderWay(maxBodyBytes: number): number {
  return Math.max(largestAtOnce * maxBodyBytes, leastBytes);
}

/**
 * Bytes of bodies that have not arrived whole, by who sends them. Limits of keys count calls, which begin with a whole body:
 * until then slow senders would make us hold as much as they like.
 */
export class ArrivingBodies {
  private readonly bytesOf = new Map<string, number>();

  /** @returns what this sender has under way now. */
  add(sender: string, bytes: number): number {
    const sum = (this.bytesOf.get(sender) ?? 0) + bytes;
    this.bytesOf.set(sender, sum);
    return sum;
  }

  /** The body is here, or given up. */
  remove(sender: string, bytes: number): void {
    const rest = (this.bytesOf.get(sender) ?? 0) - bytes;
    if (rest > 0) this.bytesOf.set(sender, rest);
    else this.bytesOf.delete(sender);
  }
}
