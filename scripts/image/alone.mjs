import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

const pauseMs = 100;

/** Does the work while no other process on this machine does it; the lock of a process that died counts for nothing. */
export async function alone(lock, work) {
  while (!take(lock)) await setTimeout(pauseMs);
  try {
    return work();
  } finally {
    rmSync(lock, { force: true });
  }
}

/** A whole file is linked into place, so that nobody reads a lock without its owner. */
function take(lock) {
  const draft = `${lock}.${process.pid}`;
  writeFileSync(draft, String(process.pid));
  try {
    linkSync(draft, lock);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    if (existsSync(lock) && !isAlive(Number(readFileSync(lock, 'utf8')))) rmSync(lock, { force: true });
    return false;
  } finally {
    rmSync(draft);
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
