import { invalidRequest } from '../kernel/errors';
import { type JsonObject } from './canonical/canonical-request';

/** True for what JSON calls an object: neither null nor an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @param path how the client would name the place, for example `messages[3]`. @throws {GatewayError} 400 naming `path`. */
export function requireObject(value: unknown, path: string): JsonObject {
  if (!isJsonObject(value)) throw invalidRequest(`'${path}' must be an object.`, path, 'invalid_type');
  return value;
}

/** An array is taken as it is, its entries unseen. @throws {GatewayError} 400 naming `path`. */
export function requireArray(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) throw invalidRequest(`'${path}' must be an array.`, path, 'invalid_type');
  return value as readonly unknown[];
}

/** A string with at least one character. @throws {GatewayError} 400 naming `path`. */
export function requireText(value: unknown, path: string): string {
  if (typeof value !== 'string' || value === '') {
    throw invalidRequest(`'${path}' must be a non-empty string.`, path, 'invalid_type');
  }
  return value;
}

/** Absent and null are both undefined. @throws {GatewayError} 400 naming `path` when it is anything but a string. */
export function optionalText(value: unknown, path: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw invalidRequest(`'${path}' must be a string.`, path, 'invalid_type');
  return value;
}

/** Absent and null are both undefined. @throws {GatewayError} 400 naming `path` when it is anything but true or false. */
export function optionalFlag(value: unknown, path: string): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'boolean') throw invalidRequest(`'${path}' must be true or false.`, path, 'invalid_type');
  return value;
}

/** Absent and null are both undefined. @throws {GatewayError} 400 naming `path` when it is anything but an object. */
export function optionalObject(value: unknown, path: string): JsonObject | undefined {
  return value === undefined || value === null ? undefined : requireObject(value, path);
}

/** Absent and null are both undefined. @throws {GatewayError} 400 naming `path` and the choices. */
export function optionalChoice(value: unknown, path: string, choices: ReadonlySet<string>): string | undefined {
  const text = optionalText(value, path);
  if (text === undefined || choices.has(text)) return text;
  throw invalidRequest(`'${path}' must be one of: ${[...choices].join(', ')}.`, path);
}
