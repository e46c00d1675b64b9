/** How a process of the benchmark says that it is up: one JSON line on stdout, read by processes.mjs. */
export function announcePort(port) {
  process.stdout.write(`${JSON.stringify({ ready: true, port })}\n`);
}
