import { closeSync, openSync, readSync, constants } from 'node:fs';
import { errorCode } from '../kernel/error-code';
import { type EnvSource } from './env.schema';

/** What a variable holds when `NAME_FILE` says that its value lies in a file: the value, or why it cannot be had. */
export type FileValue =
  { readonly value: string; readonly fault?: undefined } | { readonly value?: undefined; readonly fault: string };

const suffix = '_FILE';
/** No secret is longer; a path that was mistaken for one may be anything. */
const mostBytes = 65_536;

/**
 * Reads the file that `NAME_FILE` names, as container platforms hand over secrets; white space around the value is dropped.
 *
 * @returns undefined when there is no such variable. Faults name variables and error codes, never a path or what it holds.
 */
export function fileValueOf(source: EnvSource, name: string): FileValue | undefined {
  const path = source[name + suffix]?.trim() ?? '';
  if (path === '') return undefined;
  if ((source[name] ?? '').trim() !== '') return { fault: `is set together with ${name}; keep one of the two` };
  try {
    return textOf(path);
  } catch (error) {
    return { fault: `names a file that cannot be read (${errorCode(error) ?? 'unknown error'})` };
  }
}

/** Name of the variable that holds the path. */
export function fileVariableOf(name: string): string {
  return name + suffix;
}

/** Opened without waiting, so that a pipe that nobody writes cannot hold up the start. @throws what the system says. */
function textOf(path: string): FileValue {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const bytes = Buffer.alloc(mostBytes + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length <= mostBytes; length += read) {
      read = readSync(file, bytes, length, bytes.length - length, null);
    }
    if (length > mostBytes) return { fault: `names a file of more than ${mostBytes / 1_024} KiB, which is no secret` };
    return { value: bytes.toString('utf8', 0, length).trim() };
  } finally {
    closeSync(file);
  }
}
