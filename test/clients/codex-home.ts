import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A finished `codex exec`. */
export interface CodexRun {
  readonly exitCode: number | null;
  /** The last message. */
  readonly stdout: string;
  /** Everything that a user sees beside it. */
  readonly stderr: string;
}

/** A closed port: whatever wants to leave this machine fails at once instead of waiting. */
const nowhere = 'http://127.0.0.1:9';

/** One user of the CLI: a home, a configuration and an empty project, all thrown away afterwards. */
export class CodexHome {
  readonly project: string;
  private readonly root = mkdtempSync(join(tmpdir(), 'codex-cli-'));
  private readonly home = join(this.root, 'home');

  constructor(
    private readonly command: string,
    private readonly env: Readonly<Record<string, string>>,
  ) {
    this.project = join(this.root, 'project');
    mkdirSync(this.home);
    mkdirSync(this.project);
  }

  /** @returns the path of a file in the home folder of the CLI. */
  write(name: string, content: string | Buffer): string {
    const path = join(this.home, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  }

  /** Runs one turn without a sandbox, so that its tools really run. Never rejects because of what the CLI did. */
  exec(prompt: string, flags: readonly string[] = []): Promise<CodexRun> {
    const usual = ['--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox', '--color', 'never'];
    // The prompt last but one, behind `--`: `-i` takes every word that follows it.
    const child = spawn(this.command, ['exec', ...usual, ...flags, '--', prompt], {
      cwd: this.project,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        HOME: this.root,
        CODEX_HOME: this.home,
        HTTP_PROXY: nowhere,
        HTTPS_PROXY: nowhere,
        NO_PROXY: '127.0.0.1,localhost',
        ...this.env,
      },
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (exitCode) => {
        resolve({ exitCode, stdout, stderr });
      });
    });
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}
