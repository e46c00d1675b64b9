/** How one thing stands. `skipped`: it could not be looked at, or there is nothing to look at. */
export type Verdict = 'ok' | 'warning' | 'fault' | 'skipped';

/** One line of the doctor. Holds no secret. */
export interface Finding {
  readonly check: string;
  readonly verdict: Verdict;
  /** What was found. */
  readonly message: string;
  /** What to do about it; null while nothing needs to be done. */
  readonly advice: string | null;
}

/** All is well. */
export function ok(check: string, message: string): Finding {
  return { check, verdict: 'ok', message, advice: null };
}

/** Nothing to see here. */
export function skipped(check: string, message: string): Finding {
  return { check, verdict: 'skipped', message, advice: null };
}

/** It works, and should be better. */
export function warning(check: string, message: string, advice: string): Finding {
  return { check, verdict: 'warning', message, advice };
}

/** It does not work. */
export function fault(check: string, message: string, advice: string): Finding {
  return { check, verdict: 'fault', message, advice };
}

const marks: Readonly<Record<Verdict, string>> = { ok: 'ok', warning: 'WARNING', fault: 'FAULT', skipped: 'skipped' };

/** One line each, for people; the way out stands below. */
export function findingsText(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.flatMap(({ check, verdict, message, advice }) => [
    `${marks[verdict].padEnd(8)} ${check.padEnd(width)}  ${message}`,
    ...(advice === null ? [] : [`${' '.repeat(9 + width)}  → ${advice}`]),
  ]);
  return [...lines, '', summaryOf(findings)].join('\n');
}

function summaryOf(findings: readonly Finding[]): string {
  const count = (wanted: Verdict): number => findings.filter(({ verdict }) => verdict === wanted).length;
  const [faults, warnings] = [count('fault'), count('warning')];
  return `${faults === 0 ? 'No faults' : `${faults} ${faults === 1 ? 'fault' : 'faults'}`}, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}.`;
}
