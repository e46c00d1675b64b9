import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RedisLink } from '../../src/state/redis/redis-link';
import { text } from '../simulator/answers';
import { chatBody, post } from '../support/calls';
import { startBench, type TestBench } from '../support/gateway';
import { holder, look, manage } from '../support/holders';
import { eventually } from '../support/login-gateways';
import { describeWithRedis, RedisServer } from '../support/redis-server';

const src = join(__dirname, '..', '..', 'src');
const books = join(src, 'metering', 'lua');
const rows = ['settle', 'correct'];

/** Digest, or text for a server that does not know it yet → name, of every script. */
const scripts = new Map(
  [books, ...['state/entities', 'state/credentials', 'routing/board'].map((room) => join(src, room, 'lua'))].flatMap(
    (folder) =>
      readdirSync(folder).flatMap((file) => {
        const name = file.replace('.lua', '');
        const parts = folder === books ? ['common', ...(rows.includes(name) ? ['posting'] : []), name] : [name];
        const text = parts.map((part) => readFileSync(join(folder, `${part}.lua`), 'utf8')).join('\n');
        return [
          [createHash('sha1').update(text).digest('hex'), name],
          [text, name],
        ] as const;
      }),
  ),
);

/** What others are told without anybody waiting for the answer. */
const untold = ['note', 'pin', 'put-notice'];
/** How logins are looked after: now and then, and before the first request. */
const ofLogins = 'credential-command';

/** Commands of the link, in the order in which they were sent; those that are told without being waited for get no answer. */
class LinkSpy {
  readonly sent: string[] = [];
  /** Holds back the answers to what is said of logins, too. */
  holdsLogins: Promise<void> | undefined;
  /** Lets what was held back be answered. */
  release: () => void = () => undefined;

  constructor(link: RedisLink) {
    const run = link.run.bind(link);
    const released = new Promise<void>((resolve) => {
      this.release = resolve;
    });
    link.run = (work) =>
      run(async (redis) => {
        const watched = new Proxy(redis, {
          get: (target, name: string) => {
            const member: unknown = Reflect.get(target, name);
            if (typeof member !== 'function') return member;
            return (...words: readonly unknown[]): unknown => {
              const isPin = name === 'set' && String(words[0]).includes('{meter}:p:');
              const called = isPin ? 'pin' : (scripts.get(String(words[0])) ?? name);
              const reply: unknown = Reflect.apply(member, target, words);
              this.sent.push(called);
              if (untold.includes(called)) return unanswered(reply, released);
              return called === ofLogins && this.holdsLogins !== undefined
                ? unanswered(reply, this.holdsLogins)
                : reply;
            };
          },
        });
        return work(watched);
      });
  }

  /** What requests sent and waited for: the clock is asked, and the process says that it lives, whoever calls. */
  get waitedFor(): readonly string[] {
    return this.sent.filter((name) => ![...untold, ofLogins, 'time', 'ping'].includes(name));
  }
}

/** Refusals are told at once, so that the text of a script is sent; an answer only when the suite is over. */
async function unanswered(reply: unknown, released: Promise<void>): Promise<unknown> {
  const value: unknown = await reply;
  await released;
  return value;
}

describeWithRedis('a request of a key with every limit, when it has been seen before,', () => {
  let redis: RedisServer;
  let bench: TestBench;
  let spy: LinkSpy;
  beforeAll(async () => {
    redis = await RedisServer.start();
    const env = { ...redis.env, GATEWAY_SALT_KEY: 'a-salt-key-of-the-suite' };
    // What is never answered counts as late only when the suite is over.
    bench = await startBench({ env, times: { redisCommandMs: 60_000, heartbeatMs: 600_000, keyPollMs: 600_000 } });
    spy = new LinkSpy(bench.gateway.app.get(RedisLink, { strict: false }));
    const words = Array.from({ length: 64 }, (_, at) => `w${at % 9} `);
    const usage = { input: 1_200, cached: 1_024, output: 64, reasoning: 0 };
    bench.simulator.script.always(text(words.join(''), { deltas: words, usage }));
  });
  afterAll(async () => {
    spy.release();
    await bench.close();
    await redis.close();
  });

  const input = [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Ping!' }] }];
  const ways = [
    ['/v1/chat/completions', chatBody({ stream: true })],
    ['/v1/chat/completions', chatBody()],
    ['/v1/responses', { model: 'gpt-5.5', input, stream: true }],
    [
      '/backend-api/codex/responses',
      { model: 'gpt-5.5', instructions: 'Be brief.', input, store: false, stream: true },
    ],
  ] as const;

  it.each(ways)('waits for the state once before %s is asked upstream, and once after its end', async (path, body) => {
    const team = await manage(bench, '/team/new', { max_budget: 50, rpm_limit: 1_000, tpm_limit: 1e9 });
    const limits = { max_budget: 5, budget_duration: '30d', rpm_limit: 100, tpm_limit: 1e8, max_parallel_requests: 9 };
    const own = await holder(bench, { ...limits, team_id: team['team_id'], user_id: 'ada' });
    const spent = async (): Promise<number> => {
      const { info } = (await look(bench, `/key/info?key=${own.id}`)) as { info: { spend: number } };
      return info.spend;
    };
    expect((await post(own, path, body)).status).toBe(200);
    await eventually('the first one is settled', async () => (await spent()) > 0);
    const before = await spent();
    spy.sent.length = 0;
    let letGo: () => void = () => undefined;
    spy.holdsLogins = new Promise((resolve) => (letGo = resolve));
    const answer = await post(own, path, body);
    spy.holdsLogins = undefined;
    letGo();
    expect(answer.status).toBe(200);
    await eventually('it is settled', () => spy.sent.includes('settle'));
    expect(spy.waitedFor).toEqual(['admit', 'settle']);
    expect(spy.sent.indexOf('admit')).toBe(0);
    await eventually('both are in the books', async () => Math.abs((await spent()) - 2 * before) < 1e-12);
  });
});
