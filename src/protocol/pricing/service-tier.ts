import { type Tier } from './model-price';

/** The tier a request is billed in. */
export interface BilledTier {
  readonly tier: Tier;
  /** False for a word that no price list knows; it is billed as the dearest tier. */
  readonly isListed: boolean;
}

const usual: BilledTier = { tier: 'standard', isListed: true };

const words: ReadonlyMap<string, Tier> = new Map<string, Tier>([
  ['auto', 'standard'],
  ['default', 'standard'],
  ['standard', 'standard'],
  ['scale', 'standard'],
  ['priority', 'priority'],
  ['fast', 'priority'],
  ['flex', 'flex'],
]);

/**
 * The response's own word decides, because it says what was delivered; the request's stands in only when the response has
 * none. `fast` is the Codex CLI's word for `priority`.
 */
export function billedTier(tier: {
  readonly requested?: string | undefined;
  readonly actual?: string | undefined;
}): BilledTier {
  const word = tier.actual ?? tier.requested;
  if (word === undefined || word === '') return usual;
  const known = words.get(word) ?? words.get(word.toLowerCase());
  return known === undefined ? { tier: 'priority', isListed: false } : { tier: known, isListed: true };
}
