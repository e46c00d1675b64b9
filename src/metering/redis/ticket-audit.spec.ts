import { StillClock } from '../../../test/support/catalog-fakes';
import { TicketAudit } from './ticket-audit';

const heartbeatMs = 5_000;
let clock: StillClock;
let known: Set<string>;
let waiting: Set<string>;
let voided: string[];
let audit: TicketAudit;

beforeEach(() => {
  clock = new StillClock();
  [known, waiting, voided] = [new Set(), new Set(), []];
  const take = (id: string): Promise<boolean> => {
    voided.push(id);
    return Promise.resolve(true);
  };
  audit = new TicketAudit({
    engine: { reads: { ticketIds: () => Promise.resolve(['one', 'other']) }, void: take },
    watch: { owner: 'me', has: (id) => known.has(id) },
    settler: { has: (id) => waiting.has(id) },
    clock,
    heartbeatMs,
  });
});

/** One look, so long after the one before. */
const lookAfter = (ms: number): Promise<number> => {
  clock.ms += ms;
  return audit.round();
};

describe('a ticket that its process knows nothing of', () => {
  it('is left alone by looks that come straight one after the other', async () => {
    for (const ms of [0, 0, 150, 2_000]) expect(await lookAfter(ms)).toBe(0);
    expect(voided).toEqual([]);
  });

  it('is taken back when it was missed for two heartbeats', async () => {
    known.add('other');
    for (const ms of [0, heartbeatMs, heartbeatMs - 1]) expect(await lookAfter(ms)).toBe(0);
    expect(await lookAfter(1)).toBe(1);
    expect(voided).toEqual(['one']);
  });

  it('begins anew when it was known in between, or waits to be told', async () => {
    await lookAfter(0);
    known.add('one');
    waiting.add('other');
    await lookAfter(heartbeatMs);
    known.clear();
    waiting.clear();
    expect(await lookAfter(heartbeatMs)).toBe(0);
    expect(await lookAfter(2 * heartbeatMs)).toBe(2);
    expect(voided).toEqual(['one', 'other']);
  });
});
