/** Looks again and again until it holds; for what other processes do, which nobody can be told of. */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  limitMs = 60_000,
): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`It never happened that ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
