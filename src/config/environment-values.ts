import { z } from 'zod';
import { nodesInText } from './redis-nodes';

const flagWords: ReadonlyMap<string, boolean> = new Map([
  ['true', true], ['1', true], ['yes', true], ['on', true],
  ['false', false], ['0', false], ['no', false], ['off', false],
]); // prettier-ignore

const logLevels: ReadonlyMap<string, 'debug' | 'info' | 'warn' | 'error' | 'silent'> = new Map([
  ['trace', 'debug'], ['debug', 'debug'], ['info', 'info'], ['warn', 'warn'], ['warning', 'warn'],
  ['error', 'error'], ['fatal', 'error'], ['critical', 'error'], ['silent', 'silent'], ['off', 'silent'],
]); // prettier-ignore

/** Space around it means nothing. */
export const text = z.string().transform((value) => value.trim());
/** Kept byte for byte: a secret is judged by the rules of its own place. */
export const secret = z.string();
/** A yes or no, in the words that people use for it. */
export const flag = words(flagWords, 'must be true or false');
/** The names of other loggers mean the nearest of ours. */
export const logLevel = words(logLevels, 'must be debug, info, warn, error or silent');
/** 0 takes any free one. */
export const port = whole(0, 65_535);
/** Shown in logs and messages, so that it may hold no secret. */
export const httpUrl = text.refine(isPlainHttpUrl, {
  error: 'must be an http or https URL without user name, query or fragment',
});
/** Goes into a header of requests as it is. */
export const headerText = text.refine((value) => /^[\x21-\x7e]{1,100}$/.test(value), {
  error: 'must be 1 to 100 visible ASCII characters without spaces',
});
/** Nodes of a Cluster, or Sentinels, in either of two notations. */
export const redisNodes = text.transform((value, context) => {
  const nodes = nodesInText(value);
  if (nodes !== undefined) return nodes;
  context.addIssue({
    code: 'custom',
    message: 'must be host:port, separated by commas, or a JSON list of {"host", "port"}',
  });
  return z.NEVER;
});
/** May hold a user name and a password. */
export const proxyUrl = secret
  .transform((value) => value.trim())
  .refine(isProxyUrl, { error: 'must be an http or https URL, such as http://proxy.example:3128' });
/** May hold a secret in its path or query. */
export const webhookUrl = secret
  .transform((value) => value.trim())
  .refine(isWebhookUrl, { error: 'must be an http or https URL without user name' });
/** Origins of browsers, separated by commas. */
export const origins = text.transform((value, context) => {
  const named = value
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
  if (named.every((each) => each === '*' || isOrigin(each))) return named;
  context.addIssue({
    code: 'custom',
    message: 'must be origins such as https://chat.example, separated by commas, or *',
  });
  return z.NEVER;
});
/** Braces would change which node of a Cluster has the key. */
export const keyPrefix = text.refine((value) => /^[\x21-\x7a\x7c\x7e]{1,64}$/.test(value), {
  error: 'must be 1 to 64 visible ASCII characters without braces',
});

function words<T>(known: ReadonlyMap<string, T>, message: string): z.ZodType<T, string> {
  return z.string().transform((value, context) => {
    const meaning = known.get(value.trim().toLowerCase());
    if (meaning !== undefined) return meaning;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });
}

/** A whole number within bounds. */
export function whole(least: number, most: number): z.ZodType<number, string> {
  return text
    .refine((value) => /^\d{1,15}$/.test(value) && Number(value) >= least && Number(value) <= most, {
      error: `must be a whole number from ${least} to ${most}`,
    })
    .transform(Number);
}

/** Seconds of at most a day, with up to six decimals; milliseconds after reading. */
export function seconds(least: number): z.ZodType<number, string> {
  return text
    .refine((value) => /^\d{1,9}(\.\d{1,6})?$/.test(value) && Number(value) >= least && Number(value) <= 86_400, {
      error: `must be seconds, a number from ${least} to 86400`,
    })
    .transform((value) => Math.round(Number(value) * 1_000));
}

/** As browsers send it: no path, not even a slash. */
function isOrigin(value: string): boolean {
  return /^https?:\/\/[^*]+$/.test(value) && URL.canParse(value) && new URL(value).origin === value;
}

/** User names in URLs end in logs; a query or fragment cannot be a place to append paths to. */
function isPlainHttpUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const url = new URL(value);
  const isPlain = url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  return isPlain && (url.protocol === 'http:' || url.protocol === 'https:');
}

/** A query may be there: many receivers carry their secret in it, so the URL is shown to nobody. */
function isWebhookUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, username, password } = new URL(value);
  return /^https?:$/.test(protocol) && username === '' && password === '';
}

/** A user name and a password belong here: they are sent to the proxy and shown to nobody. */
function isProxyUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname, username, password } = new URL(value);
  return /^https?:$/.test(protocol) && hostname !== '' && isDecodable(username) && isDecodable(password);
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
