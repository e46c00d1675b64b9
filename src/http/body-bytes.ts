/** Chunks below this are copied together: one object and one slice of a socket buffer each would cost far more than they hold. */
const smallBytes = 4 * 1024;
const firstSlabBytes = 16 * 1024;
const largestSlabBytes = 1024 * 1024;
const noSlab = Buffer.alloc(0);

/**
 * The chunks of one body while it arrives. A body that comes in one chunk is never copied; a sender of tiny chunks makes us
 * hold about as many bytes as it sent.
 */
export class BodyBytes {
  private readonly parts: Buffer[] = [];
  /** Free space behind the small chunks collected so far, `used` bytes of it taken. */
  private slab = noSlab;
  private used = 0;
  private slabBytes = firstSlabBytes;
  private held = 0;

  /** Bytes added so far. */
  get total(): number {
    return this.held;
  }

  /** Takes the next chunk; a large one is kept, not copied. */
  add(chunk: Buffer): void {
    this.held += chunk.length;
    if (this.parts.length > 0 && chunk.length < smallBytes) {
      this.append(chunk);
      return;
    }
    this.seal();
    this.parts.push(chunk);
  }

  /** All bytes in order; once, at the end. */
  whole(): Buffer {
    this.seal();
    const [only] = this.parts;
    return this.parts.length === 1 && only !== undefined ? only : Buffer.concat(this.parts, this.held);
  }

  private append(chunk: Buffer): void {
    if (this.slab.length - this.used < chunk.length) {
      this.seal();
      this.slab = Buffer.allocUnsafeSlow(this.slabBytes);
      this.slabBytes = Math.min(this.slabBytes * 2, largestSlabBytes);
    }
    this.slab.set(chunk, this.used);
    this.used += chunk.length;
  }

  /** What was collected becomes a part; the rest of the slab serves the small chunks to come. */
  private seal(): void {
    if (this.used === 0) return;
    this.parts.push(this.slab.subarray(0, this.used));
    this.slab = this.slab.subarray(this.used);
    this.used = 0;
  }
}
