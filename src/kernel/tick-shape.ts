import { AsyncResource } from 'node:async_hooks';

/**
 * Keeps the ticks of this process fast; to be loaded first. Node makes an object for each `process.nextTick`, and its own
 * streams and sockets ask for half a dozen a call. V8 forgets the shape of such an object once a clearing of the old generation
 * meets none that is alive, and from then on it puts each of them together in the slow way, for as long as the process lives.
 * This object, of the same shape, is never cleared. Where Node makes its ticks otherwise, it does nothing.
 */
export const tickShape: object = likeTick();

function likeTick(): object {
  const resource: object & Readonly<Record<symbol, unknown>> = new AsyncResource('TickShape') as never;
  const [asyncId = Symbol('asyncId'), triggerId = Symbol('triggerId')] = Object.getOwnPropertySymbols(resource);
  return { [asyncId]: resource[asyncId], [triggerId]: resource[triggerId], callback: nothing, args: undefined };
}

function nothing(): void {
  // Nobody calls it.
}
