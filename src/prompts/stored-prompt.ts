import { z } from 'zod';
import { jsonIn } from '../kernel/json-text';

const storedPrompt = z.object({
  text: z.string().min(1),
  /** The file it was found in, which may be the fallback of the family's own. */
  file: z.string(),
  tag: z.string(),
  etag: z.string().optional(),
  checkedAtMs: z.number(),
});
const storedTag = z.object({ tag: z.string(), etag: z.string().optional(), checkedAtMs: z.number() });

/** A prompt as it lies in the shared cache. `checkedAtMs`: Unix milliseconds of the last word of the host. */
export type StoredPrompt = Readonly<z.output<typeof storedPrompt>>;
/** The newest release as it lies in the shared cache. */
export type StoredTag = Readonly<z.output<typeof storedTag>>;

/** Undefined for anything that is not what we wrote: another release of ours may have written it. */
export function readPrompt(text: string | undefined): StoredPrompt | undefined {
  return storedPrompt.safeParse(jsonIn(text)).data;
}

/** Undefined for anything that is not what we wrote. */
export function readTag(text: string | undefined): StoredTag | undefined {
  return storedTag.safeParse(jsonIn(text)).data;
}
