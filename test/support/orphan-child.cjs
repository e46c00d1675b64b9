/**
 * A process that opens books on a disk that is full, after one before it has died: says `full` once it has asked them a few
 * times, waits until the disk takes what it had to write, says `again`, and ends. Needs a build.
 */
const { join } = require('node:path');
const { setTimeout: pause } = require('node:timers/promises');

const dist = join(__dirname, '..', '..', 'dist');
const { JournalEngine } = require(join(dist, 'metering', 'journal', 'journal-engine.js'));
const { SystemClock } = require(join(dist, 'config', 'system-clock.js'));

async function main() {
  const engine = new JournalEngine(process.argv[2], new SystemClock());
  for (let asked = 0; asked < 3; asked += 1) await engine.reads.row('req_0').catch(() => undefined);
  console.log(`full ${engine.isUp}`);
  while (!engine.isUp) await pause(50);
  console.log('again');
  // Without a close, as a crash would leave it.
  process.exit(0);
}

void main();
