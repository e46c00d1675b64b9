/** The processes of the benchmark: started, asked, measured through /proc, and ended by the id they were started with. */
import { spawn } from 'node:child_process';
import { createWriteStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const repository = join(import.meta.dirname, '..');
const probe = join(import.meta.dirname, 'loop-probe.cjs');
const startLimitMs = 30_000;
const stopLimitMs = 5_000;
/** Of /proc/<pid>/stat; fixed at 100 by the Linux ABI. */
const ticksPerSecond = 100;

/** The environment of every child: nothing of the caller's own settings reaches a measured process. */
function cleanEnvironment(extra) {
  return { PATH: process.env.PATH, HOME: extra.HOME ?? '/nonexistent', NODE_ENV: 'production', ...extra };
}

function within(promise, limitMs, what) {
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${limitMs} ms`)), limitMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** A child process that is measured, or that measuring needs. */
export class BenchProcess {
  #child;
  #exited;
  origin = '';

  /** `args` are Node's; output goes to the file `log`. */
  constructor({ name, args, log, env = {} }) {
    this.name = name;
    this.#child = spawn(process.execPath, ['--require', probe, ...args], {
      cwd: repository,
      env: cleanEnvironment(env),
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const output = createWriteStream(log);
    this.#child.stdout.pipe(output, { end: false });
    this.#child.stderr.pipe(output, { end: false });
    this.#exited = new Promise((resolve) => this.#child.once('exit', resolve));
  }

  get pid() {
    return this.#child.pid;
  }

  /** Waits for the line of ready.mjs and takes the port from it. */
  async announced() {
    const lines = createInterface({ input: this.#child.stdout });
    const port = new Promise((resolve) => {
      lines.on('line', (line) => {
        if (line.startsWith('{"ready"')) resolve(JSON.parse(line).port);
      });
    });
    this.origin = `http://127.0.0.1:${await within(this.#orExit(port), startLimitMs, `starting ${this.name}`)}`;
    lines.close();
    this.#child.stdout.resume();
    return this;
  }

  /** Waits until `isUp()` is true, asked again and again. */
  async answering(origin, isUp) {
    let isWanted = true;
    const asked = async () => {
      while (isWanted && !(await isUp())) await new Promise((resolve) => setTimeout(resolve, 100));
    };
    try {
      await within(this.#orExit(asked()), startLimitMs, `starting ${this.name}`);
    } finally {
      // Or it would be asked for ever, and the run that failed would never end.
      isWanted = false;
    }
    this.origin = origin;
    return this;
  }

  #orExit(promise) {
    const gone = this.#exited.then((code) => {
      throw new Error(`${this.name} ended with ${code} before it was ready`);
    });
    return Promise.race([promise, gone]);
  }

  /** CPU the process has used, user and system, in milliseconds; steps of 10 ms. */
  cpuMs() {
    const stat = readFileSync(`/proc/${this.pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return ((Number(fields[11]) + Number(fields[12])) * 1_000) / ticksPerSecond;
  }

  /** Memory the process has resident, in KiB. */
  residentKib() {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1]);
  }

  /** Tells the mock whether its paced streams keep their pace. */
  keepPace(isOn) {
    this.#child.send({ bench: 'pace', isOn });
  }

  watchLoop() {
    this.#child.send({ bench: 'watch' });
  }

  /** The longest time the event loop was held since `watchLoop()`, in milliseconds. */
  longestBlockMs() {
    const report = new Promise((resolve) => {
      const listen = (message) => {
        if (message?.bench !== 'longest') return;
        this.#child.off('message', listen);
        resolve(message.longestMs);
      };
      this.#child.on('message', listen);
    });
    this.#child.send({ bench: 'report' });
    return within(report, stopLimitMs, `asking ${this.name}`);
  }

  async stop() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGTERM');
    await within(this.#exited, stopLimitMs, `ending ${this.name}`).catch(() => this.#child.kill('SIGKILL'));
    await this.#exited;
  }
}
