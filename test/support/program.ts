import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Simulator, startSimulator } from '../simulator/simulator';
import { freePort } from './free-port';
import { testKey } from './gateway';
import { eventually } from './eventually';

const currentProgram = join(__dirname, '..', '..', 'dist', 'main.js');

/** A command that ran to its end. */
export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Variables on top of the bench's own; undefined takes one away. */
export type ProgramEnv = Readonly<Record<string, string | undefined>>;

/** How one process differs from the others. */
export interface RunAs {
  /** Runs as this user. */
  readonly user?: number | undefined;
  /** `main.js` of another build. */
  readonly program?: string | undefined;
  /** File in the place of a pipe that is read. */
  readonly stdout?: string | undefined;
}

/** The program while it serves. */
export interface Served {
  readonly url: string;
  readonly pid: number;
  /** Everything it printed so far. */
  readonly output: () => string;
  readonly signal: (name: NodeJS.Signals) => void;
  /** Settles when the process is gone. */
  readonly finished: Promise<Finished>;
}

/** A folder, a simulator with a login in it, and the real program run against both as its own process. */
export class ProgramBench {
  private readonly running = new Set<ChildProcess>();

  private constructor(
    readonly simulator: Simulator,
    readonly folder: string,
  ) {}

  /** @throws {Error} when `dist/` was not built. */
  static async start(): Promise<ProgramBench> {
    if (!existsSync(currentProgram)) throw new Error('dist/main.js is missing: run `npm run build` (npm test does).');
    const folder = mkdtempSync(join(tmpdir(), 'codex-gateway-program-'));
    const simulator = await startSimulator();
    simulator.makeAuthFile(folder, { fileName: 'auth.json' });
    return new ProgramBench(simulator, folder);
  }

  /** Ends every process that is still there, then the simulator. */
  async close(): Promise<void> {
    await this.simulator.close();
    const ended = [...this.running].map((child) => once(child, 'close'));
    for (const child of this.running) child.kill('SIGKILL');
    await Promise.all(ended);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Writes a file into the folder. @returns its path. */
  write(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, text);
    return path;
  }

  /** Runs a command to its end. */
  run(args: readonly string[], env: ProgramEnv = {}): Promise<Finished> {
    return this.spawned(args, env).finished;
  }

  /** Starts serving on a free port and waits until it listens; @throws {Error} with its output when it ends instead. */
  async serve(args: readonly string[] = [], env: ProgramEnv = {}, as: RunAs = {}): Promise<Served> {
    const { child, finished, output } = this.spawned(['--port', '0', ...args], env, as);
    const url = await new Promise<string>((resolve, reject) => {
      const look = (): void => {
        const found = /listening on (http:\/\/[\w.:[\]]+)/.exec(output())?.[1];
        if (found !== undefined) resolve(found);
      };
      child.stdout?.on('data', look);
      void finished.then(({ stderr }) => {
        reject(new Error(`The program ended: ${stderr}`));
      });
    });
    return { url, pid: child.pid ?? 0, output, finished, signal: (name) => child.kill(name) };
  }

  /** The same at a log level that does not tell where it listens. */
  serveSilently(args: readonly string[], env: ProgramEnv): Promise<Served> {
    return this.servedUnheard(args, env, {});
  }

  /** The same with its standard output in a file. */
  serveInto(file: string, env: ProgramEnv = {}): Promise<Served> {
    return this.servedUnheard([], env, { stdout: file });
  }

  private async servedUnheard(args: readonly string[], env: ProgramEnv, as: RunAs): Promise<Served> {
    const url = `http://127.0.0.1:${await freePort()}`;
    const words = ['--port', new URL(url).port, '--host', '127.0.0.1', ...args];
    const { child, finished, output } = this.spawned(words, env, as);
    await eventually('the program answers', async () => {
      if (child.exitCode !== null) throw new Error(`The program ended: ${output()}`);
      return fetch(`${url}/health/liveliness`).then(
        ({ ok }) => ok,
        () => false,
      );
    });
    return { url, pid: child.pid ?? 0, output, finished, signal: (name) => child.kill(name) };
  }

  private spawned(
    args: readonly string[],
    env: ProgramEnv,
    { user, program = currentProgram, stdout: file }: RunAs = {},
  ): { readonly child: ChildProcess; readonly finished: Promise<Finished>; readonly output: () => string } {
    const target = file === undefined ? 'pipe' : openSync(file, 'w');
    const child = spawn(process.execPath, [program, ...args], {
      cwd: this.folder,
      env: { ...this.environment(), ...env },
      stdio: ['ignore', target, 'pipe'],
      ...(user === undefined ? {} : { uid: user }),
    });
    if (typeof target === 'number') closeSync(target);
    this.running.add(child);
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const finished = once(child, 'close').then(() => {
      this.running.delete(child);
      return { status: child.exitCode, stdout, stderr };
    });
    return { child, finished, output: () => stdout + stderr };
  }

  /** What every process of the bench is given. */
  environment(): Record<string, string | undefined> {
    return {
      PATH: process.env['PATH'],
      HOME: this.folder,
      GATEWAY_MASTER_KEY: testKey,
      STATE_DIR: join(this.folder, 'state'),
      CODEX_AUTH_FILE: join(this.folder, 'auth.json'),
      CODEX_BASE_URL: this.simulator.codexUrl,
      CODEX_REFRESH_TOKEN_URL_OVERRIDE: this.simulator.tokenUrl,
      CODEX_INSTRUCTIONS_BASE_URL: `${this.simulator.url}/raw`,
      CODEX_RELEASES_URL: `${this.simulator.url}/releases/latest`,
      // The authority behind a Redis with TLS.
      NODE_EXTRA_CA_CERTS: process.env['NODE_EXTRA_CA_CERTS'] ?? '',
    };
  }
}
