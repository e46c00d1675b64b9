import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StateUnavailable } from '../state-unavailable';
import { JournalFile } from './journal-file';
import { OwnedJournal } from './owned-journal';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'owned-journal-'));
});
afterEach(() => {
  jest.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

/** Numbers in memory, and the journal that keeps them. */
function numbers(longest: number): { readonly all: Set<number>; readonly journal: OwnedJournal } {
  const all = new Set<number>();
  const journal = new OwnedJournal(folder, 'numbers', {
    restore: (lines) => {
      all.clear();
      for (const line of lines as readonly { add: number; drop?: number }[]) {
        all.add(line.add);
        if (line.drop !== undefined) all.delete(line.drop);
      }
    },
    content: () => [...all].map((add) => ({ add })),
    isLong: (lines) => lines > longest,
  });
  return { all, journal };
}

function added(all: Set<number>, add: number): { readonly reply: number; readonly line: { readonly add: number } } {
  all.add(add);
  return { reply: add, line: { add } };
}

it('is not opened again once it was closed: its folder may have its next owner, or be gone', async () => {
  const { all, journal } = numbers(10);
  await journal.write(() => added(all, 1));
  await journal.close();
  await expect(journal.write(() => added(all, 2))).rejects.toBeInstanceOf(StateUnavailable);
  expect(readdirSync(folder)).toEqual(['numbers.journal']);
  const next = numbers(10);
  await next.journal.opened();
  expect([...next.all]).toEqual([1]);
  await next.journal.close();
});

/** Has the next line of any journal told as written only when `letGo` is called; `written` is when the disk has it. */
function heldLine(): { readonly written: Promise<void>; readonly letGo: () => void } {
  const [written, gate] = [new Signal(), new Signal()];
  const original = Object.getOwnPropertyDescriptor(JournalFile.prototype, 'append')?.value as JournalFile['append'];
  jest.spyOn(JournalFile.prototype, 'append').mockImplementationOnce(async function (this: JournalFile, line) {
    await original.call(this, line);
    written.give();
    await gate.given;
  });
  return { written: written.given, letGo: gate.give };
}

/** Something that happens once. */
class Signal {
  give: () => void = () => undefined;
  readonly given = new Promise<void>((resolve) => {
    this.give = resolve;
  });
}

const text = (): string => readFileSync(join(folder, 'numbers.journal'), 'utf8');

describe('a journal that one process owns', () => {
  it('loses no change that comes while it is written anew', async () => {
    const { all, journal } = numbers(3);
    const wanted = Array.from({ length: 200 }, (_, at) => at);
    const writing: Promise<number>[] = [];
    await journal.opened();
    for (const at of wanted) {
      writing.push(journal.write(() => added(all, at)));
      // One a turn of the loop: they meet the file in every state it can be in.
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await Promise.all(writing)).toEqual(wanted);
    await journal.close();
    const later = numbers(3);
    await later.journal.opened();
    expect([...later.all].sort((one, other) => one - other)).toEqual(wanted);
    await later.journal.close();
  });

  // The word that begins the rewrite comes so many steps after the change, or before it; a step is one `await`.
  const orders = [0, 1, 2, 3, 4, 5, 6].flatMap((steps) => [
    { first: 'change', steps },
    { first: 'word', steps },
  ]);
  it.each(orders)(
    'keeps a change once that comes just as a rewrite begins: $first, $steps',
    async ({ first, steps }) => {
      const { all, journal } = numbers(100);
      await journal.opened();
      const { written, letGo } = heldLine();
      const writing = [journal.write(() => ({ ...added(all, 1), purges: true }))];
      // From here on nothing waits for the disk until both are under way, so that each order is the same at every run.
      await written;
      const doing = [() => void writing.push(journal.write(() => added(all, 2))), letGo];
      if (first === 'word') doing.reverse();
      doing[0]?.();
      for (let step = 0; step < steps; step += 1) await Promise.resolve();
      doing[1]?.();
      expect(await Promise.all(writing)).toEqual([1, 2]);
      await journal.close();
      expect(text()).toBe('{"add":1}\n{"add":2}\n');
    },
  );

  it('has what a line removes off the disk when that is asked for', async () => {
    const { all, journal } = numbers(100);
    await journal.write(() => added(all, 4_711));
    await journal.write(() => {
      all.delete(4_711);
      return { reply: undefined, line: { add: 1, drop: 4_711 }, purges: true };
    });
    expect(text()).not.toContain('4711');
    await journal.close();
  });

  it('writes nothing for a change that is none', async () => {
    const { all, journal } = numbers(100);
    await journal.write(() => added(all, 1));
    const before = text();
    expect(await journal.write(() => ({ reply: 'as it was' }))).toBe('as it was');
    expect(text()).toBe(before);
    await journal.close();
  });

  it('belongs to one at a time, and to the next when that one has closed it', async () => {
    const [first, second] = [numbers(100), numbers(100)];
    await first.journal.write(() => added(first.all, 1));
    const refused = await second.journal.opened().catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(StateUnavailable);
    await first.journal.close();
    await second.journal.write(() => added(second.all, 2));
    expect([...second.all]).toEqual([1, 2]);
    await second.journal.close();
  });

  it('stays with its owner when a change could not be written, however fast the next one asks', async () => {
    const [first, second] = [numbers(100), numbers(100)];
    await first.journal.write(() => added(first.all, 1));
    // No JSON can say it, which to the journal is a disk that refuses.
    const failed = first.journal.write(() => ({ reply: undefined, line: 1n }));
    await expect(failed).rejects.toMatchObject({ trouble: 'connection' });
    await expect(second.journal.opened()).rejects.toMatchObject({ trouble: 'offline' });
    await first.journal.write(() => added(first.all, 2));
    await first.journal.close();
    await second.journal.opened();
    expect([...second.all]).toEqual([1, 2]);
    await second.journal.close();
  });

  it('is read again after it could not be read', async () => {
    writeFileSync(join(folder, 'numbers.journal'), 'torn\n');
    const { all, journal } = numbers(100);
    expect(await journal.opened().catch((error: unknown) => error)).toBeInstanceOf(StateUnavailable);
    writeFileSync(join(folder, 'numbers.journal'), '{"add":7}\n');
    await journal.opened();
    expect([...all]).toEqual([7]);
    await journal.close();
  });
});
