import { settingsFor } from '../../test/support/settings-for';
import { GoneClients } from './gone-clients';

const drainMs = 5_000;
let cancelled: number[];
let goneClients: GoneClients;

beforeEach(() => {
  jest.useFakeTimers();
  cancelled = [];
  const settings = settingsFor('http://127.0.0.1:1');
  goneClients = new GoneClients({ ...settings, times: { ...settings.times, clientGoneDrainMs: drainMs } });
});
afterEach(() => {
  jest.useRealTimers();
});

/** The client of this answer hangs up. @returns what its reader calls at the end. */
const left = (at: number): (() => void) => goneClients.left({ cancel: () => cancelled.push(at) });
const many = (from: number, to: number): readonly (() => void)[] =>
  Array.from({ length: to - from + 1 }, (_, at) => left(from + at));

describe('answers whose clients hung up', () => {
  it('are read on for 32 at once, the next one is cancelled on the spot', () => {
    many(1, 32);
    expect(cancelled).toEqual([]);
    many(33, 34);
    expect(cancelled).toEqual([33, 34]);
  });

  it('make room with every end, once for each', () => {
    const ends = many(1, 32);
    left(33)();
    ends[0]?.();
    left(34);
    expect(cancelled).toEqual([33]);
    left(35);
    expect(cancelled).toEqual([33, 35]);
  });

  it('are cancelled when their time is over, not when they ended before', () => {
    const [first] = many(1, 2);
    jest.advanceTimersByTime(drainMs - 1);
    first?.();
    expect(cancelled).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(cancelled).toEqual([2]);
  });
});
