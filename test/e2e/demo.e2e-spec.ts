import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const script = 'scripts/demo.mjs';
const running = new Set<ChildProcess>();
/** Where it keeps what it writes. */
const folder = mkdtempSync(join(tmpdir(), 'demo-test-'));

afterAll(async () => {
  const gone = [...running].map((child) => once(child, 'close'));
  for (const child of running) child.kill('SIGTERM');
  await Promise.all(gone);
  rmSync(folder, { recursive: true, force: true });
});

/** The demo as a process of its own: its output so far, and how it ended. */
function demo(...args: readonly string[]): Demo {
  const child = spawn(process.execPath, [script, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: folder },
  });
  running.add(child);
  let text = '';
  const lookers = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      for (const look of lookers) look();
    });
  const ended = once(child, 'close').then(() => {
    running.delete(child);
    for (const look of lookers) look();
    return { status: child.exitCode, text };
  });
  const said = (wanted: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (text.includes(wanted)) resolve();
        else if (!running.has(child)) reject(new Error(`the demo ended before it said ${wanted}:\n${text}`));
      };
      lookers.add(look);
      look();
    });
  return { text: () => text, said, ended, signal: (name) => child.kill(name) };
}

interface Demo {
  readonly text: () => string;
  readonly said: (wanted: string) => Promise<void>;
  readonly ended: Promise<{ readonly status: number | null; readonly text: string }>;
  readonly signal: (name: NodeJS.Signals) => void;
}

/** The dollars in a line such as `Spent:   $0.002112 of $0.05, $0.047888 left`, in millionths. */
function spentIn(text: string): readonly number[] {
  const [, ...amounts] = /^Spent: +\$([\d.]+) of \$([\d.]+), \$([\d.]+) left$/m.exec(text) ?? [];
  return amounts.map((amount) => Math.round(Number(amount) * 1e6));
}

describe('npm run demo', () => {
  it('makes a key with a budget, streams a chat with it, shows what it spent and ends', async () => {
    const { status, text } = await demo('--once').ended;
    expect([status, text.includes('failed')]).toEqual([0, false]);
    expect(text).toMatch(/^Key: +sk-[\w-]{43}$/m);
    expect(text).toMatch(/^Gateway: \S.+$/m);
    const [, input, output, all] = /^Tokens: +(\d+) in, (\d+) out, (\d+) in all$/m.exec(text)?.map(Number) ?? [];
    expect(input).toBeGreaterThan(0);
    expect(Number(input) + Number(output)).toBe(all);
    const [spent = 0, budget = 0, left = 0] = spentIn(text);
    expect(spent).toBeGreaterThan(0);
    expect(spent + left).toBe(budget);
  }, 120_000);

  it('stays up, and what it says to try works until Ctrl-C', async () => {
    const shown = demo();
    await shown.said('Ctrl-C ends the demo.');
    const commands = shown.text().split('Try it in a second terminal:\n')[1]?.split('\n\n')[0] ?? '';
    const { stdout } = await promisify(execFile)('sh', ['-ec', commands.replace(/\bnode\b/g, process.execPath)]);
    // The answer of curl, the table of `usage` with what both calls spent, the table of `keys list`.
    expect(stdout).toContain('"object":"chat.completion"');
    expect(stdout).toMatch(/demo: \$0\.00\d+ spent/);
    expect(stdout).toMatch(/^key\.max_budget +demo .* \$0\.05 /m);
    expect(stdout).toMatch(/^demo +sk-\.{3}.{4} .*0\.05 USD in 1d.*open/m);
    shown.signal('SIGINT');
    expect((await shown.ended).status).toBe(0);
    expect(readdirSync(folder)).toEqual([]);
  }, 120_000);
});
