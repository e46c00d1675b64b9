type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** After the operator's own header; the first that is there wins, the others are discarded unread. */
const carriers = ['x-litellm-api-key', 'x-api-key', 'api-key', 'authorization'] as const;
const bearer = /^bearer[ \t]+/i;

/**
 * The key a request carries, without `Bearer`; undefined when it carries none. A ChatGPT token in `authorization` is
 * never looked at when our key travels beside it.
 */
export function carriedKey(headers: Headers, keyHeaderName: string | undefined): string | undefined {
  const named = keyHeaderName === undefined ? undefined : keyIn(headers[keyHeaderName]);
  if (named !== undefined) return named;
  for (const name of carriers) {
    const key = keyIn(headers[name]);
    if (key !== undefined) return key;
  }
  return undefined;
}

function keyIn(value: string | string[] | undefined): string | undefined {
  const text = (typeof value === 'string' ? value : value?.[0])?.trim();
  if (text === undefined || text === '' || text.toLowerCase() === 'bearer') return undefined;
  return text.replace(bearer, '');
}
