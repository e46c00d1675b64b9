import { isJsonObject } from './json-guards';

/** Efforts from low to high, as the wire spells them. */
const efforts = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max', 'ultra'];
/** What a model thinks with when nobody says; the highest default that any model of the catalog has. */
const usualEffort = 'medium';

/**
 * The effort a request may have under a ceiling. Never higher than asked for; without a wish one is named only when the
 * usual one would be too high. Undefined: say nothing. An unknown word counts as too high.
 */
export function effortUnder(ceiling: string | undefined, asked: string | undefined): string | undefined {
  const highest = efforts.indexOf(ceiling ?? '');
  if (highest === -1) return asked;
  const wish = efforts.indexOf(asked ?? usualEffort);
  return wish === -1 || wish > highest ? ceiling : asked;
}

/** What changes the effort of a conversation from its place in the input on. */
const updateType = 'configuration_update';

/** Input items under a ceiling: no update of the conversation asks for more. The same list when none did. */
export function inputUnder<Item>(ceiling: string | undefined, input: readonly Item[]): readonly Item[] {
  if (ceiling === undefined || !input.some(isUpdate)) return input;
  return input.map((item) => {
    if (!isUpdate(item)) return item;
    const { reasoning } = item;
    const asked = isJsonObject(reasoning) ? reasoning['effort'] : undefined;
    if (asked === undefined || asked === null) return item;
    const effort = typeof asked === 'string' ? effortUnder(ceiling, asked) : ceiling;
    return effort === asked ? item : { ...item, reasoning: { ...(reasoning as object), effort } };
  });
}

function isUpdate<Item>(item: Item): item is Item & { readonly reasoning?: unknown } {
  return isJsonObject(item) && item['type'] === updateType;
}
