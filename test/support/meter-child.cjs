/**
 * The books of a gateway in a process of its own, told what to do line by line: each line of standard input is a JSON object
 * with `id` and `name`, each line of standard output the answer with the same `id`. Needs a build.
 *
 *   admit   { count, budget, hold, parallel? }  → { admitted: [tickets], refused: { limit: count }, unavailable }
 *   settle  { tickets, spend }                  → { settled }
 *   run     { count, budget, hold, everyMs }    → { admitted, settled, unavailable }: admits, works a little, settles
 *   health  {}                                  → { isUp, waiting }
 *   close   {}                                  → {}: then the process ends
 */
const { join } = require('node:path');
const { createInterface } = require('node:readline');

const dist = join(__dirname, '..', '..', 'dist');
const { Books } = require(join(dist, 'metering', 'books.js'));
const { RedisLink } = require(join(dist, 'state', 'redis', 'redis-link.js'));
const { SystemClock } = require(join(dist, 'config', 'system-clock.js'));
const { defaultTimeLimits } = require(join(dist, 'config', 'time-limits.js'));
const { Observer } = require(join(dist, 'kernel', 'observer.js'));

const options = JSON.parse(process.argv[2]);
const times = { ...defaultTimeLimits, ...options.times };
const clock = new SystemClock();
let issued = 0;

class Silent extends Observer {
  requestEnded() {}
  attemptEnded() {}
}

function draftOf(id) {
  const nowMs = clock.nowMs();
  return { ...options.row, id, userId: `u${issued % 3}`, startMs: nowMs, endMs: nowMs };
}

function requestOf({ budget, hold, parallel, requests }) {
  const id = `req_${options.name}-${(issued += 1)}`;
  const limits = { budgets: [{ unit: 'nano_usd', max: budget, anchorMs: 0 }], parallel, requestsPerWindow: requests };
  const scopes = [
    { kind: 'key', id: 'k1', limits: { budgets: [] }, mode: 'enforce' },
    { kind: 'team', id: 't1', limits, mode: 'enforce' },
  ];
  const held = { nanos: hold, tokens: 1, plan5h: 0, planWeek: 0 };
  const routing = { deploymentIds: [], pins: [] };
  return { ticketId: id, scopes, hold: held, deadlineMs: clock.nowMs() + 600_000, draft: draftOf(id), routing };
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function main() {
  const redis = options.redis;
  const link = new RedisLink(redis, times, clock);
  await link.open();
  const settings = {
    stateDir: options.stateDir,
    redis,
    times,
    metering: {
      windowMs: 60_000,
      timeZone: 'UTC',
      replicas: 1,
      ledger: { keptMs: 1e12, keptRows: 1e9, checkEveryMs: 3_600_000 },
    },
  };
  const books = await Books.open(settings, {
    clock,
    observer: new Silent(),
    redis: link,
    warn: (text) => console.error(text),
  });
  const { meter } = books;
  const ending = (draft, spend) => ({ ...draft, spend, endMs: clock.nowMs() });

  const commands = {
    async admit(ask) {
      const outcome = { admitted: [], refused: {}, unavailable: 0 };
      await Promise.all(
        Array.from({ length: ask.count }, async () => {
          const request = requestOf(ask);
          try {
            const answer = await meter.admit(request);
            if (answer.kind === 'admitted') outcome.admitted.push(request.draft);
            else outcome.refused[answer.limit.limit] = (outcome.refused[answer.limit.limit] ?? 0) + 1;
          } catch {
            outcome.unavailable += 1;
          }
        }),
      );
      return outcome;
    },
    async settle({ tickets, spend }) {
      await Promise.all(tickets.map((draft) => meter.settle(ending(draft, spend))));
      return { settled: tickets.length };
    },
    async run(ask) {
      const outcome = { admitted: [], settled: 0, unavailable: 0 };
      const one = async (at) => {
        await pause(at * ask.everyMs);
        const request = requestOf(ask);
        try {
          if ((await meter.admit(request)).kind !== 'admitted') return;
        } catch {
          outcome.unavailable += 1;
          return;
        }
        outcome.admitted.push(request.ticketId);
        process.stdout.write(`${JSON.stringify({ id: ask.id, ticket: request.ticketId })}\n`);
        await pause(50 + (at % 10) * 30);
        await meter.settle(ending(request.draft, ask.hold - (at % 3)));
        outcome.settled += 1;
      };
      await Promise.all(Array.from({ length: ask.count }, (_, at) => one(at)));
      return outcome;
    },
    health: () => meter.health,
    async close() {
      await books.close();
      await link.close();
      return {};
    },
  };

  for await (const line of createInterface({ input: process.stdin })) {
    const command = JSON.parse(line);
    void Promise.resolve(commands[command.name](command)).then((answer) => {
      process.stdout.write(`${JSON.stringify({ id: command.id, answer })}\n`);
      if (command.name === 'close') process.exit(0);
    });
  }
}

void main().then(() => process.exit(0));
