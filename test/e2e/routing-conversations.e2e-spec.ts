import { compaction, reasoningThenText } from '../simulator/answers';
import { faults, usageLimit } from '../simulator/faults';
import { type JsonObject, objectOf, objectsOf } from '../simulator/json';
import { type SeenRequest } from '../simulator/journal';
import { AccountsBench, teamConfig } from '../support/accounts';
import { post, type ReadAnswer, send } from '../support/calls';
import { testKey } from '../support/gateway';
import { eventually, LoginGateways } from '../support/login-gateways';
import { type Served } from '../support/program';
import { describeWithRedis } from '../support/redis-server';
import { seededRandom } from '../support/candidates';

const names = ['a', 'b', 'c'];
/** Turns of an agent while its account is healthy, and after that account died. */
const healthyTurns = 40;
const laterTurns = 12;
const droppedHeader = 'x-codex-gateway-reasoning-dropped';
const rules = 'router_settings: { quota_poll_seconds: 0, queue_timeout: 0 }\n';
const tool = { type: 'function', name: 'look', parameters: { type: 'object', properties: {} } };

/** A conversation as an agent keeps it: everything is sent again at every turn, ciphertext included. */
class Agent {
  readonly input: JsonObject[] = [];
  turns = 0;

  constructor(private readonly extra: JsonObject = {}) {}

  /** One turn at some gateway: a question, or the result of the tool that was called. */
  async turn(gateway: { readonly url: string; readonly key: string }): Promise<ReadAnswer> {
    this.turns += 1;
    const last = this.input.at(-1);
    if (last?.['type'] === 'function_call') {
      this.input.push({ type: 'function_call_output', call_id: last['call_id'], output: `result ${this.turns}` });
    } else {
      this.input.push({
        type: 'message',
        role: 'user',
        content: [{ type: 'input_text', text: `Go on, turn ${this.turns}: use the tool.` }],
      });
    }
    const body = {
      model: 'team',
      input: this.input,
      tools: [tool],
      include: ['reasoning.encrypted_content'],
      ...this.extra,
    };
    const answer = await post(gateway, '/v1/responses', body);
    this.input.push(...objectsOf(objectOf(answer.json)['output']));
    return answer;
  }

  get sealed(): number {
    return this.input.filter((item) => typeof item['encrypted_content'] === 'string').length;
  }
}

/** Questions of this kind that reached the simulator since `from`, by the account that carried them. */
function carriers(seen: readonly SeenRequest[], from: number): readonly string[] {
  return seen
    .slice(from)
    .filter(({ method, path }) => method === 'POST' && path.endsWith('/responses'))
    .map(({ headers }) => headers['chatgpt-account-id'] ?? '');
}

describeWithRedis('a long agent conversation over three accounts and three replicas', () => {
  let gateways: LoginGateways;
  const served: Served[] = [];
  const accountIds = new Map<string, string>();
  const random = seededRandom(7);

  beforeAll(async () => {
    gateways = await LoginGateways.start();
    gateways.simulator.switches.sealsByAccount = true;
    for (const name of names) {
      const made = gateways.simulator.makeAuthFile(gateways.folder, { fileName: `${name}.json` });
      accountIds.set(made.login.accountId, name);
    }
    const path = gateways.program.write(
      'config.yaml',
      teamConfig(
        names.map((account) => ({ account })),
        rules,
      ),
    );
    for (let replica = 0; replica < 3; replica += 1) {
      served.push(
        await gateways.start({ args: ['--config', path], env: { STATE_DIR: `${gateways.folder}/state-${replica}` } }),
      );
    }
    for (const { url } of served) await post({ url, key: testKey }, '/v1/responses', { model: 'team', input: 'Hi' });
  }, 120_000);
  afterAll(() => gateways.close());

  function someReplica(): { readonly url: string; readonly key: string } {
    const gateway = served[Math.floor(random() * served.length)];
    if (gateway === undefined) throw new Error('no replica');
    return { url: gateway.url, key: testKey };
  }

  it.each([
    ['known by nothing but its ciphertext', {}],
    ['with a cache key', { prompt_cache_key: 'the-conversation' }],
  ])(
    '%s never leaves its account while it is healthy, and survives its death',
    async (_, extra) => {
      const { simulator } = gateways;
      const from = simulator.seen.length;
      const agent = new Agent(extra);
      const answers: ReadAnswer[] = [];
      while (agent.turns < healthyTurns) answers.push(await agent.turn(someReplica()));
      const own = carriers(simulator.seen, from);
      expect(own).toHaveLength(healthyTurns);
      expect(new Set(own).size).toBe(1);
      expect(agent.sealed).toBe(healthyTurns / 2);
      expect(answers.map(({ status, headers }) => [status, headers.get(droppedHeader)])).toEqual(
        answers.map(() => [200, null]),
      );

      const dead = own[0] ?? '';
      simulator.script.when(({ headers }) => headers['chatgpt-account-id'] === dead, usageLimit(7_200));
      const sealedBefore = agent.sealed;
      const refused = simulator.counts.refusedRequests;
      const later = simulator.seen.length;
      const first = await agent.turn(someReplica());
      expect(first.status).toBe(200);
      expect(first.headers.get(droppedHeader)).toBe(String(sealedBefore));
      await eventually('every replica knows that the account rests', async () => {
        const lists = await Promise.all(served.map(({ url }) => send({ url, key: testKey }, '/account/list')));
        return lists.every(({ text: list }) => list.includes('"kind":"quota"'));
      });
      while (agent.turns < healthyTurns + laterTurns) {
        const answer = await agent.turn(someReplica());
        // What the dead account sealed is replayed by the client at every turn, and left out at every turn.
        expect([answer.status, answer.headers.get(droppedHeader)]).toEqual([200, String(sealedBefore)]);
      }
      const heirs = carriers(simulator.seen, later).filter((account) => account !== dead);
      expect(heirs).toHaveLength(laterTurns);
      expect(new Set(heirs).size).toBe(1);
      // Nobody ever sent an account what it could not open.
      expect(simulator.counts.refusedRequests).toBe(refused);
      simulator.script.clear();
      for (const { url } of served) await post({ url, key: testKey }, '/account/clear_cooldown', {});
    },
    120_000,
  );
});

describe('a conversation at one gateway', () => {
  let world: AccountsBench;
  beforeAll(async () => {
    world = await AccountsBench.start(
      names.map((account) => ({ account })),
      { rest: rules, times: { retryBackoffMs: 5 } },
    );
    world.simulator.switches.sealsByAccount = true;
    for (const account of names) await post(world.bench, '/v1/responses', { model: account, input: 'Hi' });
  });
  afterEach(() => world.rested());
  afterAll(() => world.close());

  it('stays where its prompt cache is, by cache key', async () => {
    for (let talk = 0; talk < 8; talk += 1) {
      const from = world.simulator.seen.length;
      for (let turn = 0; turn < 5; turn += 1) {
        await post(world.bench, '/v1/responses', {
          model: 'team',
          input: `Turn ${turn}`,
          prompt_cache_key: `talk-${talk}`,
        });
      }
      expect(new Set(world.askedSince(from)).size).toBe(1);
    }
  });

  it('is spread over all accounts with others of its kind', async () => {
    const from = world.simulator.seen.length;
    for (let talk = 0; talk < 30; talk += 1) {
      await post(world.bench, '/v1/responses', { model: 'team', input: 'Hi', prompt_cache_key: `spread-${talk}` });
    }
    expect(new Set(world.askedSince(from)).size).toBe(3);
  });

  it('stays by session header, and by the beginning of a long prompt', async () => {
    const from = world.simulator.seen.length;
    for (let turn = 0; turn < 6; turn += 1) {
      await post(
        world.bench,
        '/v1/responses',
        { model: 'team', input: 'Hi' },
        { 'x-litellm-session-id': 'the-session' },
      );
    }
    expect(new Set(world.askedSince(from)).size).toBe(1);
    const middle = world.simulator.seen.length;
    const messages: JsonObject[] = [
      { role: 'system', content: 'You are thorough. '.repeat(400) },
      { role: 'user', content: 'Hello?' },
    ];
    for (let turn = 0; turn < 6; turn += 1) {
      await post(world.bench, '/v1/chat/completions', { model: 'team', messages });
      messages.push({ role: 'assistant', content: 'Yes.' }, { role: 'user', content: `And ${turn}?` });
    }
    expect(new Set(world.askedSince(middle)).size).toBe(1);
  });

  it('moves when its account fails, and stays where it went', async () => {
    const talk = { model: 'team', input: 'Hi', prompt_cache_key: 'moving' };
    const first = world.simulator.seen.length;
    await post(world.bench, '/v1/responses', talk);
    const [home = ''] = world.askedSince(first);
    world.answers(home, usageLimit(600));
    const away = world.simulator.seen.length;
    for (let turn = 0; turn < 4; turn += 1) expect((await post(world.bench, '/v1/responses', talk)).status).toBe(200);
    const moved = world.askedSince(away).filter((account) => account !== home);
    expect(new Set(moved).size).toBe(1);
    await world.rested();
    const back = world.simulator.seen.length;
    await post(world.bench, '/v1/responses', talk);
    expect(world.askedSince(back)).toEqual(moved.slice(0, 1));
  });

  it('is tried again at its own account before it loses its reasoning for a passing failure', async () => {
    const agent = new Agent();
    await agent.turn(world.bench);
    const from = world.simulator.seen.length;
    world.simulator.script.next(faults.server500);
    const answer = await agent.turn(world.bench);
    expect([answer.status, answer.headers.get(droppedHeader)]).toEqual([200, null]);
    expect(new Set(world.askedSince(from)).size).toBe(1);
    expect(world.askedSince(from)).toHaveLength(2);
  });

  it('whose ciphertext nobody knows is tried as it is, and goes on without it when no account can open it', async () => {
    const foreign = { type: 'reasoning', summary: [], encrypted_content: 'gAAAAacct00000000_of-another-gateway' };
    const input = [foreign, { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hi' }] }];
    const from = world.simulator.seen.length;
    const first = await post(world.bench, '/v1/responses', { model: 'team', input });
    expect([first.status, first.headers.get(droppedHeader)]).toEqual([200, '1']);
    expect(world.askedSince(from)).toHaveLength(2);
    // From now on it is known that it opens for nobody.
    const again = world.simulator.seen.length;
    const second = await post(world.bench, '/v1/responses', { model: 'team', input });
    expect([second.status, second.headers.get(droppedHeader)]).toEqual([200, '1']);
    expect(world.askedSince(again)).toHaveLength(1);
  });

  it('on the native surface stays too, and loses its reasoning only with its account', async () => {
    const input: JsonObject[] = [];
    const turn = async (): Promise<{ readonly answer: ReadAnswer; readonly account: string | undefined }> => {
      input.push({ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hi' }] });
      const from = world.simulator.seen.length;
      const body = { model: 'team', instructions: 'Be short.', input, store: false, stream: true };
      const answer = await post(world.bench, '/backend-api/codex/responses', body);
      const items = [...answer.text.matchAll(/^data: (\{"type":"response\.output_item\.done".*)$/gm)];
      input.push(...items.map(([, json = '']) => objectOf(objectOf(JSON.parse(json))['item'])));
      return { answer, account: world.askedSince(from).at(-1) };
    };
    world.simulator.script.always(reasoningThenText('I thought.', 'Done.'));
    const accounts = [(await turn()).account, (await turn()).account, (await turn()).account];
    expect(new Set(accounts).size).toBe(1);
    world.simulator.script.clear();
    world.answers(accounts[0] ?? '', usageLimit(600));
    const { answer, account } = await turn();
    expect(answer.status).toBe(200);
    expect(account).not.toBe(accounts[0]);
    expect(answer.headers.get(droppedHeader)).toBe('3');
  });

  it('that was compacted waits for the account that can read it', async () => {
    world.simulator.script.next(compaction());
    const trigger = [
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hi' }] },
      { type: 'compaction_trigger' },
    ];
    const from = world.simulator.seen.length;
    const compacted = await post(world.bench, '/v1/responses', { model: 'team', input: trigger });
    const [home = ''] = world.askedSince(from);
    const output = objectsOf(objectOf(compacted.json)['output']);
    const input = [...output, { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Go on.' }] }];
    const ask = (): Promise<ReadAnswer> => post(world.bench, '/v1/responses', { model: 'team', input });
    expect((await ask()).status).toBe(200);
    world.answers(home, usageLimit(600));
    await ask();
    const refused = await ask();
    expect(refused.status).toBe(503);
    expect(refused.json).toMatchObject({ error: { gateway: { author: 'gateway', limit: 'conversation_account' } } });
    expect(Math.abs(Number(refused.headers.get('retry-after')) - 600)).toBeLessThan(30);
    await world.rested();
    const back = world.simulator.seen.length;
    expect((await ask()).status).toBe(200);
    expect(world.askedSince(back)).toEqual([home]);
  });

  it('that was compacted in one call is bound in the same way', async () => {
    const body = {
      model: 'team',
      instructions: '',
      input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hi' }] }],
      tools: [],
    };
    const from = world.simulator.seen.length;
    const compacted = await post(world.bench, '/v1/responses/compact', body);
    expect(compacted.status).toBe(200);
    const [home = ''] = world.askedSince(from);
    const input = objectsOf(objectOf(compacted.json)['output']);
    for (let turn = 0; turn < 4; turn += 1) {
      const at = world.simulator.seen.length;
      expect((await post(world.bench, '/v1/responses', { model: 'team', input })).status).toBe(200);
      expect(world.askedSince(at)).toEqual([home]);
    }
  });
});
