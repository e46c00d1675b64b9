import { invalidRequest } from '../../kernel/errors';
import { type JsonObject } from '../canonical/canonical-request';
import { assertImageUrl } from '../image-limit';
import { isJsonObject, optionalText, requireObject, requireText } from '../json-guards';

/** Parts of a user, system or tool message in Responses spelling; a bare string is one text part. @throws {GatewayError} 400 naming the part. */
export function inputParts(content: unknown, path: string, maxImageBytes: number): readonly JsonObject[] {
  if (typeof content === 'string') return [{ type: 'input_text', text: content }];
  const parts = partsOf(content, path);
  return parts.map((part, index) => {
    const at = `${path}[${index}]`;
    return inputPart(requireObject(part, at), at, maxImageBytes);
  });
}

/** Parts of an assistant message; refusals are replayed as text, the only part that every upstream takes back. @throws {GatewayError} 400 naming the part. */
export function assistantParts(content: unknown, path: string): JsonObject[] {
  if (content === undefined || content === null || content === '') return [];
  if (typeof content === 'string') return [outputText(content)];
  return partsOf(content, path, 0).map((part, index) => {
    const at = `${path}[${index}]`;
    const fields = requireObject(part, at);
    return outputText(textOf(fields['type'] === 'refusal' ? fields['refusal'] : fields['text'], `${at}.text`));
  });
}

/** One assistant text part. */
export function outputText(text: string): JsonObject {
  return { type: 'output_text', text };
}

/** A tool's result: a string where it is only one text, else parts. Null is an empty result. @throws {GatewayError} 400 naming the part. */
export function toolOutput(content: unknown, path: string, maxImageBytes: number): string | readonly JsonObject[] {
  if (content === undefined || content === null) return '';
  if (typeof content === 'string') return content;
  if (Array.isArray(content) && content.length === 0) return '';
  const parts = inputParts(content, path, maxImageBytes);
  const only = parts.length === 1 ? parts[0]?.['text'] : undefined;
  return typeof only === 'string' ? only : parts;
}

function partsOf(content: unknown, path: string, atLeast = 1): readonly unknown[] {
  if (Array.isArray(content) && content.length >= atLeast) return content as readonly unknown[];
  throw invalidRequest(`'${path}' must be a string or a non-empty array of content parts.`, path, 'invalid_type');
}

function inputPart(part: JsonObject, path: string, maxImageBytes: number): JsonObject {
  switch (part['type']) {
    case 'text':
    case 'input_text':
    case 'output_text':
      return { type: 'input_text', text: textOf(part['text'], `${path}.text`) };
    case 'refusal':
      return { type: 'input_text', text: textOf(part['refusal'], `${path}.refusal`) };
    case 'image_url':
    case 'input_image':
      return imagePart(part, path, maxImageBytes);
    case 'file':
    case 'input_file':
      return filePart(part, path);
    default:
      throw invalidRequest(
        `'${path}.type' must be one of: text, image_url, file. Audio and video are not served here.`,
        `${path}.type`,
      );
  }
}

function imagePart(part: JsonObject, path: string, maxImageBytes: number): JsonObject {
  const image = part['image_url'];
  const nested = isJsonObject(image) ? image : undefined;
  const url = requireText(nested === undefined ? image : nested['url'], `${path}.image_url`);
  assertImageUrl(url, maxImageBytes, path);
  const detail = optionalText(nested?.['detail'] ?? part['detail'], `${path}.image_url.detail`);
  return detail === undefined
    ? { type: 'input_image', image_url: url }
    : { type: 'input_image', image_url: url, detail };
}

const fileFields = ['file_data', 'file_id', 'file_url', 'filename'] as const;

function filePart(part: JsonObject, path: string): JsonObject {
  const source = part['type'] === 'file' ? requireObject(part['file'], `${path}.file`) : part;
  const file: JsonObject = { type: 'input_file' };
  for (const field of fileFields) {
    const value = optionalText(source[field], `${path}.file.${field}`);
    if (value !== undefined) file[field] = value;
  }
  if (file['file_data'] === undefined && file['file_id'] === undefined && file['file_url'] === undefined) {
    throw invalidRequest(`'${path}' needs file_data, file_id or file_url.`, path);
  }
  return file;
}

function textOf(value: unknown, path: string): string {
  if (typeof value === 'string') return value;
  throw invalidRequest(`'${path}' must be a string.`, path, 'invalid_type');
}
