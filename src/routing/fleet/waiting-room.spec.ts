import { Stopper } from '../../kernel/stop-signal';
import { WaitingRoom } from './waiting-room';

describe('the waiting room', () => {
  const never = new Stopper();

  it('serves in the order of arrival', async () => {
    const room = new WaitingRoom();
    let free = 0;
    const served: number[] = [];
    const look = (): { found: true } | { againMs: undefined } => {
      if (free === 0) return { againMs: undefined };
      free -= 1;
      return { found: true };
    };
    const calls = [1, 2, 3].map(async (call) => {
      if ((await room.wait('g', 5_000, never, look)) === true) served.push(call);
    });
    expect(room.hasLine('g')).toBe(true);
    for (let round = 0; round < 3; round += 1) {
      free += 1;
      room.changed();
      await new Promise((resolve) => setImmediate(resolve));
      expect(served).toEqual([1, 2, 3].slice(0, round + 1));
    }
    await Promise.all(calls);
    expect(room.isEmpty).toBe(true);
  });

  it('gives up when the time is over', async () => {
    const room = new WaitingRoom();
    expect(await room.wait('g', 20, never, () => ({ againMs: undefined }))).toBeUndefined();
    expect(room.isEmpty).toBe(true);
  });

  it('looks again by itself when there will be something', async () => {
    const room = new WaitingRoom();
    let looks = 0;
    const found = await room.wait('g', 5_000, never, () => ((looks += 1) < 3 ? { againMs: 5 } : { found: 'seat' }));
    expect([found, looks]).toEqual(['seat', 3]);
  });

  it('lets the next one look when the first one’s client leaves', async () => {
    const room = new WaitingRoom();
    const leaving = new Stopper();
    let isFree = false;
    const look = (): { found: string } | { againMs: undefined } =>
      isFree ? { found: 'seat' } : { againMs: undefined };
    const first = room.wait('g', 5_000, leaving, look).catch((error: unknown) => error);
    const second = room.wait('g', 5_000, never, look);
    isFree = true;
    leaving.abort(new Error('left'));
    expect(await first).toEqual(new Error('left'));
    expect(await second).toBe('seat');
  });
});
