import { AsyncResource } from 'node:async_hooks';

/** As long as it lives, V8 knows the shape of ticks. */
let kept: object | undefined;

/**
 * Keeps the ticks of this process fast. Node makes an object for each `process.nextTick`, and its own streams and sockets ask
 * for half a dozen a call. V8 forgets the shape of such an object once a clearing of the old generation meets none that is
 * alive, and from then on it puts each of them together in the slow way, for as long as the process lives. An object of the
 * same shape that is never cleared is all it takes. Where Node makes its ticks otherwise, it does nothing.
 *
 * @returns the object that is kept.
 */
export function keepTickShape(): object {
  kept ??= likeTick();
  return kept;
}

function likeTick(): object {
  const resource: object & Readonly<Record<symbol, unknown>> = new AsyncResource('TickShape') as never;
  const [asyncId = Symbol('asyncId'), triggerId = Symbol('triggerId')] = Object.getOwnPropertySymbols(resource);
  return { [asyncId]: resource[asyncId], [triggerId]: resource[triggerId], callback: nothing, args: undefined };
}

function nothing(): void {
  // Nobody calls it.
}
