/**
 * The books of one process on a disk that gets full: settles rows until that fails, says `full`, goes on until the rows of
 * the time when it was full are written too, says how many there are, and ends. Needs a build.
 */
const { join } = require('node:path');
const { setTimeout: pause } = require('node:timers/promises');

const dist = join(__dirname, '..', '..', 'dist');
const { JournalEngine } = require(join(dist, 'metering', 'journal', 'journal-engine.js'));
const { settleRow } = require(join(dist, 'metering', 'settler.js'));
const { SystemClock } = require(join(dist, 'config', 'system-clock.js'));

const [folder, row] = process.argv.slice(2);
const clock = new SystemClock();
const engine = new JournalEngine(folder, clock);
const settle = (id) => settleRow(engine, { ...JSON.parse(row), id });

async function main() {
  let count = 0;
  for (;;) {
    count += 1;
    try {
      await settle(`req_${count}`);
    } catch (error) {
      console.log(`full ${error.status} ${error.replyCode} ${engine.isUp}`);
      break;
    }
  }
  for (let more = 0; more < 5; more += 1) {
    count += 1;
    await settle(`req_${count}`).catch(() => undefined);
  }
  while (!engine.isUp) await pause(50);
  count += 1;
  await settle(`req_${count}`);
  console.log(`again ${count} ${engine.rowCount}`);
  // Without a close, as a crash would leave it.
  process.exit(0);
}

void main();
