/**
 * Highest random weight: each member draws a number from the key, and the highest wins. All replicas draw the same ones, and
 * when a member comes or goes only the keys that it wins or won move.
 *
 * @param key any text.
 * @param numberOf of `memberNumber`: tells members apart.
 * @param weightOf shares of the members; one that is 0 never wins. Undefined: equal shares.
 */
export function rendezvous<T>(
  key: string,
  members: readonly T[],
  numberOf: (member: T) => number,
  weightOf?: (member: T) => number,
): T | undefined {
  let best: T | undefined;
  let highest = Number.NEGATIVE_INFINITY;
  const seed = memberNumber(key);
  for (const member of members) {
    const weight = weightOf === undefined ? 1 : weightOf(member);
    if (weight <= 0) continue;
    const drawn = (finished(seed ^ finished(numberOf(member))) + 0.5) / 0x1_0000_0000;
    const score = -weight / Math.log(drawn);
    if (score > highest) {
      highest = score;
      best = member;
    }
  }
  return best;
}

/** A name as a number, the same everywhere (FNV-1a). */
export function memberNumber(name: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at += 1) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

/** The finaliser of MurmurHash3: every bit of the number moves every bit of the result. */
function finished(hash: number): number {
  let bits = hash;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
