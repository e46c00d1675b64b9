import { setImmediate as turn } from 'node:timers/promises';
import { Process, randomOf, World } from '../../../test/support/refresh-world';
import { isFinal } from '../../state/credentials/credential-record';

const seeds = process.env['TEST_LONG'] === undefined ? 100 : 1_000;

/** Lets one waiting step go on; which one is drawn. */
async function step(world: World): Promise<void> {
  const [next] = world.waiting.splice(Math.floor(world.random() * world.waiting.length), 1);
  next?.go();
  await turn();
}

async function play(seed: number): Promise<void> {
  const world = new World(randomOf(seed));
  const dead: Process[] = [];
  let alive = [1, 2, 3].map((each) => new Process(world, `process-${each}`));
  for (let at = 0; at < 250; at += 1) {
    const one = alive[Math.floor(world.random() * alive.length)];
    const dice = world.random();
    if (one === undefined) break;
    if (dice < 0.012) {
      one.die();
      dead.push(one);
      alive = [...alive.filter((each) => each !== one), new Process(world, `process-${dead.length + 3}`)];
    } else if (dice < 0.02) world.rotateElsewhere();
    else if (dice < 0.1) world.ms += Math.floor(world.random() * 40_000);
    else if (!one.busy && dice < 0.4) one.begin();
    await step(world);
  }
  await quiet(world, alive);
  judge(world, alive);
}

/** From now on nothing fails, and everybody comes to an end, several times. */
async function quiet(world: World, alive: readonly Process[]): Promise<void> {
  world.faulty = false;
  for (let round = 0; round < 5; round += 1) {
    while (world.waiting.length > 0) await step(world);
    world.ms += 700_000;
    for (const each of alive) {
      each.begin();
      while (each.busy) await step(world);
    }
  }
  for (const each of alive) {
    each.look();
    while (each.busy) await step(world);
  }
}

function judge(world: World, alive: readonly Process[]): void {
  const newest = world.accounts.current(world.login.accountId);
  const lost = world.sent.some(({ processed, answer, kept }) => processed && answer !== undefined && !kept);
  const { record } = world;
  if (isFinal(record, world.ms)) {
    // Only an answer that reached nothing durable may cost a login, or two holders who fell silent after their intent.
    const silent = [...world.silent.values()].filter((fingerprint) => fingerprint === record.intent);
    expect(lost || (record.failureCode === '' && silent.length >= 2)).toBe(true);
    return;
  }
  expect(world.file.refreshToken).toBe(newest?.refreshToken);
  for (const { account } of alive) {
    expect(account.login?.pair.refreshToken).toBe(newest?.refreshToken);
    expect(account.login?.generation).toBe(record.generation);
  }
}

describe('refreshing under kills, outages, lost replies and a second program', () => {
  it.each(Array.from({ length: Math.ceil(seeds / 50) }, (_, at) => at * 50))(
    'never sends a token whose fate is known, never sends two at a time, and ends with one login, seeds from %d',
    async (first) => {
      let seed = first;
      try {
        for (; seed < first + 50; seed += 1) await play(seed);
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    },
  );
});
