import { createReadStream, readdirSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppendLog } from './append-log';
import { lastLine } from './snapshot-lines';

/** Kinds of files; the number of each is that of the journal that goes on behind it. */
type FileKind = 'journal' | 'snapshot' | 'rows';

const namePattern = /^(journal|snapshot|rows)-(\d{6,})$/;
const writeBytes = 256 * 1024;

/**
 * The files of the books: `journal-N` are facts, `snapshot-N` is the state before the first line of `journal-N` without its
 * rows, `rows-N` are the rows of the journals before N. Whatever is not needed any more is removed.
 */
export class JournalFolder {
  /** @param heard of every journal: called when the disk begins to refuse, and with undefined when it takes lines again. */
  constructor(
    private readonly path: string,
    private readonly heard?: (refusedBy: string | undefined) => void,
  ) {}

  /** Number of the newest whole snapshot; 0 when there is none. */
  async newestSnapshot(): Promise<number> {
    for (const number of this.numbers('snapshot').reverse())
      if (await this.endsWhole(this.nameOf('snapshot', number))) return number;
    return 0;
  }

  /** Numbers of the files of a kind, in order. */
  numbers(kind: FileKind): number[] {
    const found = readdirSync(this.path).map((name) => namePattern.exec(name));
    const numbers = found.flatMap((match) => (match?.[1] === kind ? [Number(match[2])] : []));
    return numbers.sort((one, other) => one - other);
  }

  /**
   * Every whole line of a file, with the bytes up to its end. A line without newline is the torn end of a crash, and is left
   * out.
   *
   * @throws {Error} what `take` throws, with the place; not for the last line, which a power cut may leave as rubbish.
   */
  async read(kind: FileKind, number: number, take: (line: string) => void): Promise<number> {
    const name = this.nameOf(kind, number);
    let [bytes, count] = [0, 0];
    let fault: Error | undefined;
    for await (const line of wholeLines(name)) {
      if (fault !== undefined) throw fault;
      count += 1;
      try {
        take(line.toString('utf8'));
        bytes += line.length + 1;
      } catch {
        // The line is not quoted: it may hold anything.
        fault = new Error(`the books are damaged at ${name}:${count}`);
      }
    }
    return bytes;
  }

  /** A journal to append to. @param length of its good part. */
  append(number: number, length: number): AppendLog {
    return new AppendLog(this.nameOf('journal', number), length, this.heard);
  }

  /** Writes a file whole, or not at all. */
  async write(kind: FileKind, number: number, lines: AsyncIterable<string>): Promise<void> {
    const name = this.nameOf(kind, number);
    const draft = `${name}.new`;
    await rm(draft, { force: true });
    const file = await open(draft, 'wx', 0o600);
    try {
      let piece = '';
      for await (const line of lines) {
        piece += `${line}\n`;
        if (piece.length < writeBytes) continue;
        await file.appendFile(piece);
        piece = '';
      }
      await file.appendFile(piece);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, name);
    await this.sync();
  }

  async remove(kind: FileKind, number: number): Promise<void> {
    await rm(this.nameOf(kind, number), { force: true });
  }

  /** Removes what a snapshot made needless: older snapshots and journals. */
  async removeBefore(number: number): Promise<void> {
    for (const kind of ['snapshot', 'journal'] as const)
      for (const old of this.numbers(kind)) if (old < number) await this.remove(kind, old);
  }

  private nameOf(kind: FileKind, number: number): string {
    return join(this.path, `${kind}-${String(number).padStart(6, '0')}`);
  }

  private async sync(): Promise<void> {
    const folder = await open(this.path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  private async endsWhole(name: string): Promise<boolean> {
    const file = await open(name, 'r');
    try {
      const { size } = await file.stat();
      const tail = Buffer.alloc(lastLine.length + 2);
      await file.read(tail, 0, tail.length, Math.max(0, size - tail.length));
      return tail.toString('utf8').endsWith(`\n${lastLine}\n`);
    } finally {
      await file.close();
    }
  }
}

const newline = 10;

/** Lines that end with a newline, and with nothing else: the library's reader also ends them at characters that JSON lets through. */
async function* wholeLines(path: string): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const piece of createReadStream(path, { highWaterMark: writeBytes })) {
    const bytes: Buffer = rest.length === 0 ? asBuffer(piece) : Buffer.concat([rest, asBuffer(piece)]);
    let from = 0;
    for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, from)) {
      yield bytes.subarray(from, at);
      from = at + 1;
    }
    rest = bytes.subarray(from);
  }
}

function asBuffer(piece: unknown): Buffer {
  return Buffer.isBuffer(piece) ? piece : Buffer.from(String(piece));
}
