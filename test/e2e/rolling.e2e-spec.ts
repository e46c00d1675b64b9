import { deltas } from '../simulator/answers';
import { Balancer } from '../support/balancer';
import { testKey } from '../support/gateway';
import { heldAnswer, openHeldStream } from '../support/held-stream';
import { Load } from '../support/load';
import { eventually, LoginGateways } from '../support/login-gateways';
import { type Finished, type Served } from '../support/program';
import { describeWithRedis } from '../support/redis-server';

const patience = 480_000;
const [short, endless] = ['gpt-5.5', 'gpt-5.6-sol'];
/** 200 streams together. */
const [shortStreams, endlessStreams] = [180, 20];

/** Lines of the access log: each is one settled call. */
function settledBy({ stdout }: Finished): Record<string, unknown>[] {
  return stdout
    .split('\n')
    .filter((line) => line.includes('"msg":"request"') && line.includes('/v1/chat/completions'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describeWithRedis('four processes behind a balancer, restarted one after another under load', () => {
  let gateways: LoginGateways;
  let balancer: Balancer;

  beforeAll(async () => {
    [gateways, balancer] = await Promise.all([LoginGateways.start(), Balancer.start()]);
  });
  afterAll(async () => {
    await balancer.close();
    await gateways.close();
  });

  async function newProcess(path: string): Promise<Served> {
    const env = { DRAIN_TIMEOUT_SECONDS: '40', DRAIN_DELAY_SECONDS: '1' };
    const served = await gateways.start({ authFile: path, env });
    await balancer.add(served.url);
    return served;
  }

  it(
    'fail no request, cut no stream that fits the deadline, tell the truth to the others, and end with 0',
    async () => {
      const path = gateways.newPath();
      gateways.login(path);
      const { simulator } = gateways;
      // A stream of 3 s fits the deadline, also where two cores do the work of all; one that is held for ever does not.
      simulator.script.when(({ body }) => (body as { model?: string }).model === endless, heldAnswer());
      simulator.script.always(deltas(4, 750));
      const balanced = { url: balancer.url, key: testKey };
      const old = [await newProcess(path)];
      const held = await Promise.all(
        Array.from({ length: endlessStreams }, () => openHeldStream(balancer.url, endless)),
      );
      old.push(...(await Promise.all([newProcess(path), newProcess(path), newProcess(path)])));
      const load = new Load(balanced, shortStreams, short, true);
      await eventually('the load runs', () => load.answered > shortStreams, patience);
      const ends: Finished[] = [];
      for (const served of old) {
        await newProcess(path);
        served.signal('SIGTERM');
        const end = await served.finished;
        balancer.remove(served.url);
        ends.push(end);
      }
      await load.stop();
      expect(load.failures).toEqual([]);
      expect(ends.map(({ status }) => status)).toEqual([0, 0, 0, 0]);
      for (const stream of held) {
        const heard = await stream.rest();
        expect(heard).toMatch(/data: \{"error":.*shutting down/);
        expect(heard).not.toContain('[DONE]');
      }
      const lines = ends.flatMap(settledBy);
      const counts = (end: string): number => lines.filter((line) => line['end'] === end).length;
      expect(counts('cut')).toBe(endlessStreams);
      expect(lines.length).toBe(counts('cut') + counts('completed'));
    },
    patience,
  );
});
