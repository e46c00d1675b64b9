/**
 * Preloaded into every measured process: tells on the control channel how long its event loop was held.
 * While it watches, it turns the loop without sleeping and times each turn; between watches it costs nothing.
 */
'use strict';

if (process.send !== undefined) {
  let watching = false;
  let longestMs = 0;
  let last = 0;

  const turn = () => {
    const now = performance.now();
    longestMs = Math.max(longestMs, now - last);
    last = now;
    if (watching) setImmediate(turn);
  };

  process.on('message', (message) => {
    if (message?.bench === 'watch') {
      watching = true;
      longestMs = 0;
      last = performance.now();
      setImmediate(turn);
    }
    if (message?.bench === 'report') {
      watching = false;
      process.send({ bench: 'longest', longestMs });
    }
  });
  // The benchmark has gone: nothing it started outlives it.
  process.on('disconnect', () => process.exit());
  process.channel.unref();
}
