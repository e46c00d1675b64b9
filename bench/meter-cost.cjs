/**
 * CPU of one admission and one settlement, microseconds, in this process and with Redis: `node bench/meter-cost.cjs`.
 * Needs a build and, for the second figure, `redis-server`.
 */
const { spawn } = require('node:child_process');
const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const dist = join(__dirname, '..', 'dist');
const { JournalEngine } = require(join(dist, 'metering/journal/journal-engine.js'));
const { RedisEngine } = require(join(dist, 'metering/redis/redis-engine.js'));
const { EngineMeter } = require(join(dist, 'metering/engine-meter.js'));
const { DirectSettler } = require(join(dist, 'metering/settler.js'));
const { TicketWatch } = require(join(dist, 'metering/ticket-watch.js'));
const { RedisLink } = require(join(dist, 'state/redis/redis-link.js'));

const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };
const observer = { ticketHeld() {}, ticketSettled() {} };
const options = { windowMs: 60_000, timeZone: 'UTC' };
const requests = Number(process.env.REQUESTS ?? 20_000);
const callers = Number(process.env.CALLERS ?? 64);

const budget = (unit, max, duration) => ({ unit, max, duration, anchorMs: 0 });
const limits = (budgets) => ({ requestsPerWindow: 1e9, tokensPerWindow: 1e12, parallel: 1e6, budgets });
const free = { budgets: [] };
const scopes = [
  {
    kind: 'key',
    id: 'a'.repeat(64),
    mode: 'enforce',
    limits: limits([budget('nano_usd', 1e15, '30d'), budget('nano_usd', 1e15, '1d')]),
  },
  { kind: 'team', id: 'team-1', mode: 'enforce', limits: limits([budget('nano_usd', 1e15, '30d')]) },
  { kind: 'user', id: 'user-1', mode: 'enforce', limits: free },
  { kind: 'proxy', id: 'all', mode: 'enforce', limits: free },
];
const row = (id) => ({
  id,
  callType: 'acompletion',
  keyHash: 'a'.repeat(64),
  keyAlias: 'laptop',
  teamId: 'team-1',
  userId: 'user-1',
  tags: ['ci'],
  startMs: Date.now(),
  endMs: Date.now() + 900,
  firstContentMs: Date.now() + 300,
  requestedModel: 'team-default',
  modelGroup: 'team-default',
  model: 'gpt-5.5',
  deploymentId: 'deployment-1',
  provider: 'codex',
  apiBase: 'https://chatgpt.com/backend-api/codex',
  account: 'default',
  status: 'success',
  end: 'completed',
  httpStatus: 200,
  stream: true,
  usage: { inputTokens: 1_200, cachedInputTokens: 800, cacheWriteTokens: 0, outputTokens: 300, reasoningTokens: 120 },
  spend: 6_400_000,
  tier: { billed: 'standard' },
  quality: 'exact',
  late: false,
  attempts: 1,
  clientIp: '10.0.0.1',
  userAgent: 'OpenAI/JS 6.49.0',
  cost: {
    input: 1,
    cachedInput: 1,
    cacheWrite: 0,
    output: 1,
    reasoning: 1,
    discount: 0,
    margin: 0,
    priceSource: 'list',
  },
});

/** What two round trips cost that do nothing: the floor, and a measure of how busy the machine is. */
async function measureFloor(link) {
  const nothing = link.script('nothing', 'return 1', 1);
  await timed('two empty scripts', async () => {
    await nothing(['{bench}'], []);
    await nothing(['{bench}'], []);
  });
}

async function timed(name, one) {
  const run = async (count) => {
    let left = count;
    await Promise.all(
      Array.from({ length: callers }, async () => {
        while ((left -= 1) >= 0) await one();
      }),
    );
  };
  await run(5_000);
  const [cpu, begin] = [process.cpuUsage(), performance.now()];
  await run(requests);
  const { user, system } = process.cpuUsage(cpu);
  const perSecond = Math.round((requests / (performance.now() - begin)) * 1_000);
  console.log(`${name}: ${((user + system) / requests).toFixed(1)} us CPU per request, ${perSecond}/s`);
}

async function measure(name, engine) {
  const watch = new TicketWatch(engine, `bench-${process.pid}`);
  const meter = new EngineMeter(
    { engine, settler: new DirectSettler(engine, clock, observer), watch, clock, observer },
    options,
  );
  let issued = 0;
  const one = async () => {
    const id = `req_bench${process.pid}-${(issued += 1).toString(36)}`;
    const draft = row(id);
    const answer = await meter.admit({
      ticketId: id,
      scopes,
      hold: { nanos: 9_000_000, tokens: 2_000, plan5h: 0, planWeek: 0 },
      deadlineMs: Date.now() + 7_200_000,
      draft,
      routing: { deploymentIds: ['deployment-1'], pins: [] },
    });
    if (answer.kind !== 'admitted') throw new Error(JSON.stringify(answer));
    await meter.settle(draft);
  };
  await timed(`${name}, admit and settle`, one);
}

async function main() {
  const folder = mkdtempSync(join(tmpdir(), 'meter-cost-'));
  if (process.argv[2] !== 'redis') {
    const journal = new JournalEngine(folder, clock);
    await measure('in process', journal);
    await journal.close();
  }
  if (process.argv[2] !== 'journal') {
    const port = 16_900 + Math.floor(Math.random() * 1_000);
    const server = spawn(
      'redis-server',
      ['--port', port, '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'yes'],
      { stdio: 'ignore' },
    );
    const settings = {
      place: { kind: 'server', node: { host: '127.0.0.1', port } },
      db: 0,
      tls: false,
      keyPrefix: 'bench:',
    };
    const link = new RedisLink(settings, { connectMs: 5_000, redisCommandMs: 2_000 }, clock);
    while (!link.isUp) {
      await link.open();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await measureFloor(link);
    const parts = { lease: { isKnown: true, beat: async () => {} }, clock, observer: { stateCommandDone() {} } };
    await measure('Redis client', new RedisEngine(link, link, parts));
    const used = async () => {
      const info = await link.run((redis) => redis.info('cpu'));
      return Number(/used_cpu_user:([\d.]+)/.exec(info)[1]) + Number(/used_cpu_sys:([\d.]+)/.exec(info)[1]);
    };
    console.log(`Redis server: ${(((await used()) * 1e6) / (requests + 5_000)).toFixed(1)} us CPU per request`);
    await link.close();
    server.kill();
  }
  rmSync(folder, { recursive: true, force: true });
}

void main();
