import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type RedisSettings } from '../../src/config/redis-settings';
import { type TimeLimits } from '../../src/config/time-limits';
import { ledgerRow } from './ledger-rows';

/** How a process begins. */
export interface MeterProcessOptions {
  readonly name: string;
  readonly redis: RedisSettings;
  readonly stateDir: string;
  readonly times?: Partial<TimeLimits>;
}

/** What the row of each of its requests says besides itself. */
const unusedRow = ledgerRow({
  teamId: 't1',
  usage: { inputTokens: 0, cachedInputTokens: 0, cacheWriteTokens: 0, outputTokens: 0, reasoningTokens: 0 },
  spend: 0,
});

type Words = Readonly<Record<string, unknown>>;

/** The books of a gateway in a process of its own; `meter-child.cjs` says what it understands. */
export class MeterProcess {
  /** Tickets of `run` that were let in, as they came. */
  readonly tickets: string[] = [];
  private readonly waiting = new Map<number, (answer: unknown) => void>();
  private readonly child: ChildProcess;
  private issued = 0;

  constructor(readonly options: MeterProcessOptions) {
    const words = [join(__dirname, 'meter-child.cjs'), JSON.stringify({ ...options, row: unusedRow })];
    this.child = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'ignore'] });
    const { stdout } = this.child;
    if (stdout === null) throw new Error('a child with pipes has them');
    createInterface({ input: stdout }).on('line', (line) => {
      const { id, ticket, answer } = JSON.parse(line) as { id: number; ticket?: string; answer?: unknown };
      if (ticket !== undefined) this.tickets.push(ticket);
      else this.waiting.get(id)?.(answer);
    });
  }

  /** One command; never answered by a process that was killed. */
  tell<Answer>(name: string, words: Words = {}): Promise<Answer> {
    this.issued += 1;
    const id = this.issued;
    const answered = new Promise<Answer>((resolve) => {
      this.waiting.set(id, (answer) => {
        resolve(answer as Answer);
      });
    });
    this.child.stdin?.write(`${JSON.stringify({ id, name, ...words })}\n`);
    return answered;
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.child.kill(signal);
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }

  async close(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    void this.tell('close');
    await gone;
  }
}
