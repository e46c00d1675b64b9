import { readFile } from 'node:fs/promises';
import { type StartConditions } from '../config/load-settings';
import { absolutePath } from '../config/file-paths';
import { GatewayError } from '../kernel/errors';
import { jsonIn } from '../kernel/json-text';
import { type ImportReport, type LiteLlmDump, readDump } from '../keys/management/litellm-import';
import { keyDoor } from './key-door';
import { readKeyWords } from './key-words';
import { CommandRefused, withPlainErrors } from './login-words';

/** Takes over keys of a LiteLLM installation from a dump of its tables. @returns 1 when the file cannot be used. */
export function importLiteLlmCommand(conditions: StartConditions): Promise<number> {
  return withPlainErrors(async () => {
    const words = readKeyWords(conditions, { flags: ['file'], mostPositionals: 0, usage: '--file F' });
    const file = words.flags.get('file');
    if (file === undefined) throw new CommandRefused('Say which file: --file F.');
    const dump = await dumpIn(absolutePath(file, conditions.cwd, conditions.homeDir));
    const door = await keyDoor(words.settings, words);
    try {
      const report = await door.take(dump);
      process.stdout.write(`${words.json ? JSON.stringify(report, null, 2) : textOf(report)}\n`);
      return 0;
    } finally {
      await door.close();
    }
  });
}

/** JSON, or JSON lines. Never quotes the file: it holds what keys are stored as. */
async function dumpIn(path: string): Promise<LiteLlmDump> {
  const bytes = await readFile(path, 'utf8').catch(() => {
    throw new CommandRefused(`${path} cannot be read.`);
  });
  // Some editors and databases of Windows write a mark before the first character.
  const text = bytes.replace(/^\uFEFF/, '');
  if (text.trim() === '') throw new CommandRefused(`${path} is empty: nothing was taken.`);
  try {
    const dump = readDump(jsonIn(text) ?? linesOf(text, path));
    const { budgets, teams, users, keys } = dump;
    if ([budgets, teams, users, keys].every((rows) => rows.length === 0))
      throw new CommandRefused(`${path} has no row: nothing was taken.`);
    return dump;
  } catch (error) {
    if (error instanceof GatewayError) throw new CommandRefused(`${path}: ${error.message}`, { cause: error });
    throw error;
  }
}

function linesOf(text: string, path: string): readonly unknown[] {
  return text.split('\n').flatMap((line, at) => {
    if (line.trim() === '') return [];
    const row = jsonIn(line);
    if (row === undefined) throw new CommandRefused(`${path}:${at + 1} is not JSON.`);
    return [row];
  });
}

function textOf({ taken, skipped, notes }: ImportReport): string {
  const counts = Object.entries(taken).map(([kind, count]) => `${count} ${kind}`);
  return [
    ...skipped.map(({ kind, id, why }) => `skipped ${kind.slice(0, -1)} ${id}: ${why}`),
    ...notes.map(({ kind, id, note }) => `note on ${kind.slice(0, -1)} ${id}: ${note}`),
    `Taken: ${counts.join(', ')}. Skipped: ${skipped.length}.`,
  ].join('\n');
}
