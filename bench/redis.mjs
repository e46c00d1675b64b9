/** A Redis of the benchmark's own, for the workload with everything on: nothing of it outlives the run. */
import { spawn, spawnSync } from 'node:child_process';
import { connect } from 'node:net';

const startLimitMs = 10_000;

/** Whether there is a `redis-server` to start. */
export function hasRedis() {
  return spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).status === 0;
}

/** Whether it answers a PING. */
function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    const done = (isUp) => {
      socket.destroy();
      resolve(isUp);
    };
    socket.once('data', (reply) => done(reply.toString('latin1').startsWith('+PONG')));
    socket.once('error', () => done(false));
  });
}

/** A running server that keeps everything in memory. */
export class BenchRedis {
  #child;
  #exited;
  #hasEnded = false;

  /** @param {number} port of the loopback, free. @returns when it answers. */
  static async start(port, folder) {
    const redis = new BenchRedis(port, folder);
    const stopAtMs = performance.now() + startLimitMs;
    while (!(await answers(port))) {
      if (redis.#hasEnded || performance.now() > stopAtMs) {
        await redis.stop();
        throw new Error('redis-server did not start');
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return redis;
  }

  constructor(port, folder) {
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder];
    this.url = `redis://127.0.0.1:${port}/0`;
    this.#child = spawn('redis-server', [...args, '--maxmemory-policy', 'noeviction'], { stdio: 'ignore' });
    this.#exited = new Promise((resolve) => {
      this.#child.once('exit', resolve);
      this.#child.once('error', resolve);
    });
    void this.#exited.then(() => {
      this.#hasEnded = true;
    });
  }

  async stop() {
    if (!this.#hasEnded) this.#child.kill('SIGTERM');
    await this.#exited;
  }
}
