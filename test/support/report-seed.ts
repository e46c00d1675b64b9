import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LedgerRow } from '../../src/metering/ledger-row';
import { ledgerRow } from './memory-books';
import { type Holder, type ReportBench, startReportBench } from './report-bench';
import { settingsFor } from './settings-for';

const noUsage = { inputTokens: 0, cachedInputTokens: 0, cacheWriteTokens: 0, outputTokens: 0, reasoningTokens: 0 };

/** Noon of a day of November 2026, or another hour. */
function november(date: number, hour = 12): number {
  return Date.UTC(2026, 10, date, hour);
}

/** A row of a key that belongs to no person and no team. */
function botRow(id: string, startMs: number): LedgerRow {
  const personal = new Set(['keyAlias', 'teamId', 'userId']);
  const row = ledgerRow({ id, startMs, keyHash: 'hash-bot', provider: 'openai' });
  return Object.fromEntries(Object.entries(row).filter(([name]) => !personal.has(name))) as unknown as LedgerRow;
}

/** Four requests: two of alice with two keys, a failed one of bob, one of a key without a person. */
export const seededRows: readonly LedgerRow[] = [
  ledgerRow({ id: 'a1', startMs: november(20), tags: ['ci', 'nightly'], customerId: 'acme', sessionId: 's1' }),
  ledgerRow({
    id: 'a2',
    startMs: november(21),
    spend: 1_000_000,
    model: 'gpt-6-sol',
    modelGroup: 'fast',
    keyHash: 'hash-alice2',
  }),
  ledgerRow({
    id: 'b1',
    startMs: november(21, 13),
    keyHash: 'hash-bob',
    keyAlias: 'bob-desk',
    userId: 'bob',
    status: 'failure',
    end: 'failed',
    errorCode: 'rate_limit_exceeded',
    httpStatus: 429,
    spend: 0,
    usage: noUsage,
  }),
  botRow('c1', november(22)),
];

/** The dates that hold them all. */
export const span = 'start_date=2026-11-01&end_date=2026-11-30';

/** A bench with the seeded rows, and a folder that its end removes. */
export async function startSeededBench(): Promise<ReportBench> {
  const folder = mkdtempSync(join(tmpdir(), 'reports-'));
  const reports = { providerBudgets: new Map([['codex', { maxNanos: 5e9, period: '7d', days: 7 }]]) };
  const rest = { stateDir: folder, cacheDir: join(folder, 'cache'), reports };
  const settings = settingsFor('http://127.0.0.1:9', { rest });
  const keys = { ...settings.keys, proxyLimits: { max_budget: 90 } };
  const bench = await startReportBench({ ...settings, keys });
  bench.ledger.add(...seededRows);
  const close = async (): Promise<void> => {
    await bench.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { ...bench, close };
}

/** Ids of the rows that an answer lists, plain or as a page. */
export async function idsOf(bench: ReportBench, holder: Holder, path: string): Promise<readonly unknown[]> {
  const body: unknown = await bench.json(holder, path);
  const rows = Array.isArray(body) ? body : (body as { data: unknown[] }).data;
  return rows.map((row: unknown) => (row as { request_id: string }).request_id);
}
