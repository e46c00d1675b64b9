import { type BudgetUnit } from '../../kernel/limits';
import { budgetUnits } from './amounts';

/** What a counter counts: one unit in one period of a book. The same name everywhere: state, files, Redis. */
export interface CounterSpan {
  readonly unit: BudgetUnit;
  /** As the budget says it; empty for a budget without end. */
  readonly duration: string;
  /** Unix milliseconds; 0 for a budget without end. */
  readonly startMs: number;
  /** Exclusive; 0 for a budget without end. */
  readonly endMs: number;
}

/** A counter with its sums in the unit's own measure. */
export interface Counter extends CounterSpan {
  used: number;
  held: number;
}

/** `unit:duration:start:end`. */
export function counterName({ unit, duration, startMs, endMs }: CounterSpan): string {
  return `${unit}:${duration}:${startMs}:${endMs}`;
}

/** What a name says. @throws {Error} for a text that is no such name. */
export function counterSpan(name: string): CounterSpan {
  const [word, duration, start, end] = name.split(':');
  const unit = budgetUnits.find((each) => each === word);
  const [startMs, endMs] = [Number(start), Number(end)];
  if (unit === undefined || duration === undefined || !Number.isSafeInteger(startMs) || !Number.isSafeInteger(endMs))
    throw new Error('not the name of a counter');
  return { unit, duration, startMs, endMs };
}

/** Whether something that began at a moment belongs to the counter. */
export function covers({ startMs, endMs }: CounterSpan, momentMs: number): boolean {
  return startMs <= momentMs && (endMs === 0 || momentMs < endMs);
}
