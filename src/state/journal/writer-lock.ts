import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync, rmSync, utimesSync } from 'node:fs';
import { link, readFile, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { publishOnce } from '../publish-once';

const heartbeatMs = 5_000;
/** Without a heartbeat for so long the owner is dead, wherever it ran. */
const deadAfterMs = 30_000;
/** The same for an owner with our host name in another container, of which the clock at least is ours. */
const containerDeadAfterMs = 2.5 * heartbeatMs;

/** Lets one process at a time write into a folder; a lock of a dead process is taken over. */
export class WriterLock {
  private heartbeat: NodeJS.Timeout | undefined;
  private readonly owner = [
    hostname(),
    process.pid,
    startOf(process.pid),
    randomBytes(6).toString('hex'),
    processTable(),
  ]
    .join(' ')
    .trimEnd();
  private readonly release = (): void => {
    this.letGo();
  };

  constructor(private readonly path: string) {}

  /** @returns whether this process may write now; who has it already may. */
  async take(): Promise<boolean> {
    for (let tries = 0; tries < 3; tries += 1) {
      if (await publishOnce(this.path, this.owner)) {
        this.keepAlive();
        return true;
      }
      const seen = await readFile(this.path, 'utf8').catch(() => '');
      if (seen.trim() === this.owner) return true;
      if (seen !== '' && !(await this.isDead(seen))) return false;
      await this.clear(seen);
    }
    return false;
  }

  /** Gives the folder free; safe to call at any time. */
  letGo(): void {
    if (this.heartbeat === undefined) return;
    clearInterval(this.heartbeat);
    this.heartbeat = undefined;
    process.removeListener('exit', this.release);
    try {
      if (readFileSync(this.path, 'utf8').trim() === this.owner) rmSync(this.path);
    } catch {
      // The folder is gone, and the lock with it.
    }
  }

  /** Moves the dead lock away; what turns out to be another process's fresh one is put back. */
  private async clear(seen: string): Promise<void> {
    const aside = `${this.path}.${randomBytes(6).toString('hex')}`;
    try {
      await rename(this.path, aside);
      if ((await readFile(aside, 'utf8')) !== seen) await link(aside, this.path);
    } catch {
      // Somebody else cleared it; the next try shows who has it now.
    } finally {
      await rm(aside, { force: true });
    }
  }

  private keepAlive(): void {
    // It may be ours already, and its file have been removed by hand.
    if (this.heartbeat !== undefined) return;
    this.heartbeat = setInterval(() => {
      try {
        utimesSync(this.path, new Date(), new Date());
      } catch {
        // Nothing to do: the folder went away under us, and the journal will say so.
      }
    }, heartbeatMs).unref();
    process.once('exit', this.release);
  }

  /**
   * The process table that the owner is in knows; a process id alone does not, since it comes again. Containers that share a
   * host name, as with the network of their host, each have a table of their own.
   */
  private async isDead(seen: string): Promise<boolean> {
    const [host, pid, start, , table = processTable()] = seen.trim().split(' ');
    const beatMs = await stat(this.path).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    );
    const isNear = host === hostname() && start !== undefined && start !== '';
    if (isNear && table === processTable()) return startOf(Number(pid)) !== start;
    return Math.abs(Date.now() - beatMs) > (isNear ? containerDeadAfterMs : deadAfterMs);
  }
}

/** Names the process table that this process is in, after the host was started anew another; empty where nobody says. */
function processTable(): string {
  try {
    return `${readlinkSync('/proc/self/ns/pid')}-${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}`;
  } catch {
    return '';
  }
}

/** Start time of a process in clock ticks; empty when there is no such process, or no way to know. */
function startOf(pid: number): string {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return fields.slice(fields.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
