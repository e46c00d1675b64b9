import { invalidRequest } from '../kernel/errors';

const base64Mark = ';base64,';

/**
 * Checks where an image comes from and, for a data URL, how large it is once decoded. Nothing is decoded.
 * @param path names the content part, for example `messages[0].content[1]`.
 * @throws {GatewayError} 400 with `path` as its param.
 */
export function assertImageUrl(url: string, maxBytes: number, path: string): void {
  if (url.startsWith('https://') || url.startsWith('http://')) return;
  if (!url.startsWith('data:')) {
    throw invalidRequest(`The image at '${path}' must be a data: URL or an http(s) URL.`, path, 'invalid_image_url');
  }
  const bytes = decodedBytes(url);
  if (bytes <= maxBytes) return;
  throw invalidRequest(
    `The image at '${path}' is ${bytes} bytes decoded; the limit is ${maxBytes}. Send a smaller one, or its URL.`,
    path,
    'image_too_large',
  );
}

/** Upper bound of the payload's size: exact for base64, the character count for percent-encoded text. */
function decodedBytes(url: string): number {
  const comma = url.indexOf(',');
  const payload = url.length - comma - 1;
  const isBase64 = comma > 0 && url.slice(Math.max(0, comma - base64Mark.length + 1), comma + 1) === base64Mark;
  if (!isBase64) return payload;
  const padding = url.endsWith('==') ? 2 : url.endsWith('=') ? 1 : 0;
  return Math.floor((payload * 3) / 4) - padding;
}
