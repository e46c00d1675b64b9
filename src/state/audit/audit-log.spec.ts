import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MovedClock } from '../../../test/support/moved-clock';
import { RedisServer } from '../../../test/support/redis-server';
import { RedisLink } from '../redis/redis-link';
import { type AuditLog } from './audit-log';
import { type AuditRecord } from './audit-record';
import { JournalAuditLog } from './journal-audit-log';
import { RedisAuditLog } from './redis-audit-log';

const hasRedis = process.env['TEST_NO_REDIS'] === undefined;
let redis: RedisServer | undefined;
let link: RedisLink | undefined;
let folder: string;
let logs = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'audit-log-'));
  if (!hasRedis) return;
  redis = await RedisServer.start();
  link = new RedisLink(redis.settings(), { connectMs: 5_000, redisCommandMs: 5_000 }, new MovedClock());
  await link.open();
});
afterAll(async () => {
  await link?.close();
  await redis?.close();
  rmSync(folder, { recursive: true });
});

const record = (at: number, action = 'key.create'): AuditRecord => ({
  id: `r${at}`,
  atMs: at,
  actor: 'master',
  action,
  objects: [`key:${at}`],
  before: undefined,
  after: { models: ['gpt-5.5'], note: 'ü\n' },
  outcome: 'begun',
});

function redisLog(most: number): RedisAuditLog {
  const shared = link;
  if (shared === undefined) throw new Error('no Redis');
  const name = `audit-${logs}`;
  return new RedisAuditLog({ key: (of) => shared.key(`${name}:${of}`), run: shared.run.bind(shared) }, most);
}

/** Engines that all open the same log, so that closing and opening is a restart. */
const engines: readonly (readonly [string, (most: number) => AuditLog])[] = [
  ['journal', (most) => new JournalAuditLog(join(folder, `log-${logs}`), most)],
  ...(hasRedis ? [['redis', redisLog] as const] : []),
];

describe.each(engines)('an audit log of kind %s', (_, engine) => {
  beforeEach(() => {
    logs += 1;
  });

  it('keeps the newest records over a restart, and tells them newest first in pages', async () => {
    const log = engine(5);
    for (let at = 0; at < 23; at += 1) await log.append(record(at));
    await log.close();
    const again = engine(5);
    const first = await again.page({ offset: 0, limit: 3 });
    expect(first.records.map(({ id }) => id)).toEqual(['r22', 'r21', 'r20']);
    expect(first).toMatchObject({ kept: 5, hasMore: true });
    expect(first.records[0]).toEqual(record(22));
    const rest = await again.page({ offset: 3, limit: 3 });
    expect(rest.records.map(({ id }) => id)).toEqual(['r19', 'r18']);
    expect(rest.hasMore).toBe(false);
    await again.close();
  });

  it('finds matching records beyond the first step', async () => {
    const log = engine(1_000);
    await log.append(record(0, 'team.create'));
    await Promise.all(Array.from({ length: 300 }, (_each, at) => log.append(record(at + 1))));
    await log.append(record(999, 'team.create'));
    const { records, hasMore } = await log.page({
      offset: 0,
      limit: 5,
      matches: ({ action }) => action === 'team.create',
    });
    expect(records.map(({ id }) => id)).toEqual(['r999', 'r0']);
    expect(hasMore).toBe(false);
    await log.close();
  });
});

it('is on disk when append settles', async () => {
  logs += 1;
  const log = new JournalAuditLog(join(folder, `log-${logs}`), 10);
  await log.append(record(7));
  expect(readFileSync(join(folder, `log-${logs}`, 'audit.journal'), 'utf8')).toContain('"r7"');
  await log.close();
});
