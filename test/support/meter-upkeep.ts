import { utcDay } from '../../src/kernel/periods';
import { type JournalEngine } from '../../src/metering/journal/journal-engine';
import { carryOut } from '../../src/metering/machine/carry-out';
import { type Applied } from '../../src/metering/machine/change';
import { counterName } from '../../src/metering/machine/counter';
import { mend, seed, watch } from '../../src/metering/machine/meter-machine';
import { type MeterState } from '../../src/metering/machine/meter-state';
import { type MeterEngine } from '../../src/metering/meter-engine';
import { leaveStep, type RedisLeaving } from './meter-archive';
import { type Step } from './meter-commands';

/** Where rows and figures leave the books by themselves. */
export type BookArchive = Pick<JournalEngine, 'dropArchived' | 'dropFigures'>;

/** The engine under test, and how a test reaches behind it. */
export interface Bench {
  engine: MeterEngine;
  readonly dump: () => Promise<Record<string, unknown>>;
  readonly loseBook: (key: string) => Promise<void>;
  readonly loseCounter: (key: string, counter: string) => Promise<void>;
  /** The process ends and another begins; true when live tickets were settled by that. */
  readonly restart: (isCrash: boolean) => Promise<boolean>;
  /** Where rows and figures leave the books by themselves. */
  readonly archive?: BookArchive;
  /** The same, by time. */
  readonly leaving?: RedisLeaving | undefined;
}

/** A run, as steps see it that are not about tickets. */
export interface UpkeepRun {
  readonly state: MeterState;
  readonly engine: MeterEngine;
  readonly nowMs: number;
  /** Whether cells may say for a moment what their totals do not: a snapshot works the one out from the other. */
  readonly mayDiffer: boolean;
  /** Ids of rows that left; nobody has them again. */
  readonly gone: Set<string>;
  readonly both: <Reply>(applied: Applied<Reply>, reply: Reply) => void;
}

function pickOf<T>(all: Iterable<T>, pick: number): T | undefined {
  const list = [...all];
  return list[pick % Math.max(1, list.length)];
}

/** A ticket that was settled for a process that was taken for dead. */
export function reapedId({ rows }: MeterState, { pick }: Step): string | undefined {
  return pickOf(
    [...rows.values()].filter(({ isProvisional }) => isProvisional),
    pick,
  )?.id;
}

/** Sets a figure to something else, or takes it away, and sets it right again: the laws hold for what is right. */
// eslint-disable-next-line complexity -- what is picked may not be there, of either kind of figure
export async function mendStep({ state, engine, mayDiffer, both }: UpkeepRun, step: Step): Promise<void> {
  const { pick, amount } = step;
  const figure = amount % 2 === 0 ? 'cell' : 'total';
  const [name, places] = pickOf(figure === 'cell' ? state.cells : state.totals, pick) ?? [];
  const [place, stored] = pickOf(places ?? [], amount) ?? [];
  if (name === undefined || place === undefined || stored === undefined) return;
  const at = name.lastIndexOf(':');
  const target =
    figure === 'cell'
      ? ({ figure, entity: name.slice(0, at), day: name.slice(at + 1), dims: place } as const)
      : ({ figure, entity: name, day: place, dims: '' } as const);
  const right = [...stored];
  const other = amount % 3 === 0 ? undefined : right.map((value) => value + amount);
  const wrong = mayDiffer || figure === 'total' ? other : right;
  for (const [expected, metrics] of [
    [right.map((value) => value - 1), right],
    [undefined, right],
    [right, wrong],
    [wrong, right],
  ]) {
    const command = { ...target, expected, metrics } as const;
    both(mend(state, command), await engine.mend(command));
  }
}

/** Sets a book to what it says already, at its number or at another. */
export async function repairStep({ state, engine, nowMs, both }: UpkeepRun, { pick, amount }: Step): Promise<void> {
  const [key, book] = pickOf(state.books, pick) ?? [];
  if (key === undefined || book?.isOpen !== true) return;
  const counters = [...book.counters.values()].map((each) => ({
    name: counterName(each),
    used: each.used,
    held: each.held,
  }));
  const sums = amount % 3 === 0 ? undefined : { spent: book.spent, running: book.running };
  const command = { key, seq: book.seq + (amount === 9 ? 1 : 0), sums, counters, isRepair: true };
  both(seed(state, command, nowMs), await engine.seed(command));
}

/** Watches a book, mostly one that is not there yet. */
export async function watchStep({ state, engine, both }: UpkeepRun, { pick }: Step): Promise<void> {
  const key = pick % 3 === 0 ? `key:new-${pick % 9}` : (pickOf(state.books.keys(), pick) ?? 'key:k1');
  await engine.watch(key);
  both(watch(state, key), undefined);
}

/** The oldest rows leave, or the figures of the days before one. */
export async function archiveStep(run: UpkeepRun, { archive, leaving }: Bench, step: Step): Promise<void> {
  if (leaving !== undefined) return leaveStep(run, leaving, step);
  if (archive === undefined) return;
  const { state, nowMs, gone } = run;
  const { name, pick, amount } = step;
  if (name === 'drop-figures') {
    const beforeDay = utcDay(nowMs - (amount - 2) * 86_400_000);
    carryOut(state, { kind: 'figures-dropped', beforeDay });
    return archive.dropFigures(beforeDay);
  }
  const due = state.rows.first(pick % 5);
  const belowNumber = (due.at(-1)?.number ?? -1) + 1;
  for (const { id, number } of state.rows.values()) if (number < belowNumber) gone.add(id);
  const untilMs = Math.max(0, ...due.map(({ startMs }) => startMs + 1));
  carryOut(state, { kind: 'archived', belowNumber, untilMs });
  return archive.dropArchived(belowNumber, untilMs);
}
