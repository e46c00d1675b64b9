/** The value at `share` (0 to 1) of the sorted `values`; the mean of the middle two for an even median. */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const below = Math.floor(at);
  return sorted[below] + ((sorted[below + 1] ?? sorted[below]) - sorted[below]) * (at - below);
}

/** The middle value. */
export function median(values) {
  return quantile(values, 0.5);
}
