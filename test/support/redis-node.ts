import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type RedisProgram } from './redis-guard';

const plainProgram: RedisProgram = { command: 'redis-server', words: [], env: {} };

/** One redis-server, or one Sentinel, as a process of its own. */
export class RedisNode {
  private process: ChildProcess | undefined;

  /** @param words the whole command line behind the program's own; must say which port. */
  constructor(
    readonly port: number,
    private readonly words: readonly string[],
    private readonly program: RedisProgram = plainProgram,
  ) {}

  /** Starts the process and waits until it listens. @param more words of this start only. */
  async start(...more: readonly string[]): Promise<void> {
    const { command, words, env } = this.program;
    const child = spawn(command, [...words, ...this.words, ...more], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    this.process = child;
    let heard = '';
    await new Promise<void>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', () => {
        reject(new Error(`redis-server ended: ${heard}`));
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => (heard += text));
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        heard += text;
        if (/Ready to accept connections|Sentinel ID is/.test(heard)) resolve();
      });
    });
  }

  /** Ends the process as a crash would. */
  async kill(): Promise<void> {
    const running = this.process;
    this.process = undefined;
    if (running === undefined) return;
    const gone = once(running, 'exit');
    running.kill('SIGKILL');
    await gone;
  }

  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.process?.kill(name);
  }
}
