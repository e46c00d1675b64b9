import { z } from 'zod';

/** What the primary tells a worker. */
const orderSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.enum(['end', 'hurry', 'reload']) }),
  /** Your successor serves, or will not come: close your door. */
  z.object({ kind: z.literal('released') }),
  /** Give your exposition. */
  z.object({ kind: z.literal('give'), id: z.number() }),
  /** The expositions that you asked for under `id`, your own among them; `missing` workers gave none in time. */
  z.object({
    kind: z.literal('collected'),
    id: z.number(),
    texts: z.array(z.string()),
    /** What workers that are gone have counted. */
    ended: z.string(),
    missing: z.number(),
  }),
]);

/** What a worker tells the primary. */
const reportSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('serving'), url: z.string() }),
  /** It wants to end: another is to take its place. */
  z.object({ kind: z.literal('leaving') }),
  /** Collect the expositions of all. */
  z.object({ kind: z.literal('collect'), id: z.number() }),
  z.object({ kind: z.literal('given'), id: z.number(), text: z.string() }),
  /** It counts no further. */
  z.object({ kind: z.literal('last'), text: z.string() }),
]);

/** From the primary to a worker; `texts` and `ended` are expositions of Prometheus. */
export type Order = z.output<typeof orderSchema>;
/** From a worker to the primary; `text` is an exposition of Prometheus, `url` where the worker serves. */
export type Report = z.output<typeof reportSchema>;

/** @returns undefined for what is no order: Node itself sends messages too. */
export function orderIn(message: unknown): Order | undefined {
  return orderSchema.safeParse(message).data;
}

/** @returns undefined for what is no report. */
export function reportIn(message: unknown): Report | undefined {
  return reportSchema.safeParse(message).data;
}
