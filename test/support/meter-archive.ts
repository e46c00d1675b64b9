import { utcDay } from '../../src/kernel/periods';
import { type ArchiveRule, type ArchiveSource } from '../../src/metering/keeping/archiver';
import { type KeptRow } from '../../src/metering/machine/row-list';
import { type Step } from './meter-commands';
import { type UpkeepRun } from './meter-upkeep';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** A process that has just begun looks back that many days for figures that are due. */
const lookedBackDays = 730;
const mostRows = 200;

/** Rows and figures leave Redis by their time, from whichever process has the turn. */
export interface RedisLeaving {
  readonly source: ArchiveSource;
  /** Day from which that process looks for figures; undefined before the first time. */
  figuresFrom: string | undefined;
}

/** The oldest rows leave, or the figures of the days before one: the machine is told which by the rules of `RedisArchive`. */
export async function leaveStep(run: UpkeepRun, leaving: RedisLeaving, step: Step): Promise<void> {
  if (step.name === 'drop-figures') return dropFigures(run, leaving, utcDay(run.nowMs - (step.amount - 2) * dayMs));
  const { state, nowMs, gone } = run;
  const listed = [...state.rows.values()].filter(({ indexes }) => indexes.length > 0);
  const byNumber = step.pick % 2 === 0;
  const rule: ArchiveRule = {
    beforeMs: byNumber ? 0 : nowMs - (step.pick % 7) * 9 * hourMs,
    keptRows: byNumber ? Math.max(0, listed.length - step.amount) : Number.MAX_SAFE_INTEGER,
  };
  const due = dueRows(listed, rule, nowMs);
  const piece = await leaving.source.next(rule);
  expect(piece?.texts ?? []).toEqual(due.map(({ text }) => text));
  // The process may die before it has dropped what it wrote down.
  if (piece === undefined || step.amount === 1) return;
  await piece.drop();
  for (const row of due) {
    // One whose owner may come back leaves its lists only.
    if (row.isProvisional) state.rows.put({ ...row, indexes: [] });
    else state.rows.drop(row.id);
    gone.add(row.id);
  }
  state.rows.dropBelow(0, Math.max(...due.map(({ startMs }) => startMs)) + 1);
}

function dueRows(rows: readonly KeptRow[], { beforeMs, keptRows }: ArchiveRule, nowMs: number): readonly KeptRow[] {
  const tooMany = Math.max(0, rows.length - keptRows);
  const untilMs = tooMany > 0 ? Math.max(beforeMs, nowMs - hourMs) : beforeMs;
  const old = rows.filter(({ startMs }) => startMs < beforeMs).length;
  return rows
    .filter(({ startMs }) => startMs < untilMs)
    .sort((one, other) => one.startMs - other.startMs || (one.id < other.id ? -1 : 1))
    .slice(0, Math.min(mostRows, Math.max(tooMany, old)));
}

/** Days that were looked at are not looked at again: what a late row brings of them goes when a process begins anew. */
async function dropFigures({ state }: UpkeepRun, leaving: RedisLeaving, beforeDay: string): Promise<void> {
  const from = leaving.figuresFrom ?? utcDay(Date.parse(beforeDay) - lookedBackDays * dayMs);
  for (const name of state.cells.keys()) {
    const day = name.slice(name.lastIndexOf(':') + 1);
    if (day >= from && day < beforeDay) state.cells.delete(name);
  }
  leaving.figuresFrom = beforeDay > from ? beforeDay : from;
  return leaving.source.dropFigures(beforeDay);
}
