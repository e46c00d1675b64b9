import { ledgerRow } from '../../../test/support/ledger-rows';
import { describeWithRedis, RedisServer } from '../../../test/support/redis-server';
import { RedisLink } from '../../state/redis/redis-link';
import { type LedgerRow } from '../ledger-row';
import { ledgerSums } from '../ledger-sums';
import { type AdmitCommand } from '../machine/meter-command';
import { rowFromText, rowText } from '../machine/row-text';
import { settleRow } from '../settler';
import { RedisArchive } from './redis-archive';
import { RedisEngine } from './redis-engine';

const hour = 3_600_000;
const startMs = Date.now() - 2 * hour;
const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };
const everyRow = { beforeMs: Number.MAX_SAFE_INTEGER, keptRows: 0 };
const draft = ledgerRow({ id: 'req_asleep', startMs, endMs: startMs, spend: 0 });
const estimated: LedgerRow = { ...draft, spend: 30, quality: 'estimated' };
const told: LedgerRow = { ...draft, spend: 100 };
let server: RedisServer;
let link: RedisLink;
let engine: RedisEngine;
let source: RedisArchive;

describeWithRedis('a row that was written for a process taken for dead', () => {
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server.close());
  beforeEach(async () => {
    link = new RedisLink(server.settings(), { connectMs: 2_000, redisCommandMs: 2_000 }, clock);
    await link.open();
    const lease = { isKnown: true, beat: () => Promise.resolve() };
    engine = new RedisEngine(link, link, { lease, clock, observer: { stateCommandDone: () => undefined } });
    source = new RedisArchive(link, engine.reads, 'p1', { look: () => Promise.resolve(false) });
    const held = { nano_usd: 0, tokens: 0, requests: 1, plan_5h: 0, plan_week: 0 };
    const times = { deadlineMs: startMs + hour, windowMs: 60_000 };
    const command: AdmitCommand = {
      ...{ ticketId: draft.id, owner: 'p2', ...times, held, scopes: [], draft: rowText(draft) },
      least: { nano_usd: 0, tokens: 0 },
    };
    await engine.admit(command, { deploymentIds: [], pins: [] });
    expect(await settleRow(engine, estimated, true)).toBe('settled');
  });
  afterEach(() => link.close());

  const archived = async (): Promise<readonly LedgerRow[]> => {
    const piece = await source.next(everyRow);
    await piece?.drop();
    return (piece?.texts ?? []).map(rowFromText);
  };
  const spent = async (): Promise<number> => (await ledgerSums(engine.reads, 'key:k1', [])).spent;

  it('stays when its process corrects it between its way to the archive and out of the ledger', async () => {
    const piece = await source.next(everyRow);
    expect(await settleRow(engine, told)).toBe('late');
    await piece?.drop();
    expect(rowFromText((await engine.reads.row(draft.id))?.text ?? '').spend).toBe(100);
    expect(await archived()).toEqual([{ ...told, late: true }]);
    expect([await engine.reads.row(draft.id), await spent()]).toEqual([undefined, 100]);
  });

  it('is not counted beside the true one when its process comes back after it went to the archive', async () => {
    expect(await archived()).toEqual([estimated]);
    expect(await archived()).toEqual([]);
    expect(await settleRow(engine, told)).toBe('late');
    expect(await spent()).toBe(100);
    expect(await archived()).toEqual([{ ...told, late: true }]);
    expect([await engine.reads.row(draft.id), await spent()]).toEqual([undefined, 100]);
  });
});
