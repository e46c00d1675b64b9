import fc from 'fast-check';
import { endlessMax, type Limits, type ScopeLimits } from '../../src/kernel/limits';
import { memberId } from '../../src/kernel/member-id';
import { type LedgerRow } from '../../src/metering/ledger-row';
import { type AdmitCommand } from '../../src/metering/machine/meter-command';
import { type Hold } from '../../src/metering/meter';
import { ledgerRow } from './ledger-rows';

/** One step of a random run. Numbers choose among what is there when the step is taken. */
export interface Step {
  readonly name:
    | ('admit' | 'settle' | 'reap' | 'extend' | 'assign' | 'checkpoint' | 'void' | 'adjust' | 'restart')
    | ('lose-book' | 'lose-counter' | 'forget')
    | ('late' | 'mend' | 'repair' | 'watch' | 'archive' | 'drop-figures' | 'crash');
  readonly pick: number;
  readonly who: number;
  readonly limits: number;
  readonly amount: number;
  readonly stepMs: number;
  /** The reply of the first command was lost, so it is said again. */
  readonly isRepeated: boolean;
}

const hour = 3_600_000;

/** Runs of 20 to 90 steps. */
export const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    name: fc.constantFrom<Step['name'][]>(
      ...(['admit', 'admit', 'admit', 'admit', 'admit', 'settle', 'settle', 'settle', 'settle', 'reap'] as const),
      ...(['extend', 'extend', 'assign', 'assign', 'checkpoint', 'void', 'adjust', 'restart'] as const),
      ...(['lose-book', 'lose-counter', 'forget', 'reap', 'late', 'late'] as const),
      ...(['mend', 'repair', 'watch', 'archive', 'drop-figures', 'crash'] as const),
    ),
    pick: fc.nat(1_000),
    who: fc.nat(7),
    limits: fc.nat(7),
    amount: fc.nat(9),
    stepMs: fc.constantFrom(0, 0, 1, 500, 10_000, 61_000, 2 * hour, 25 * hour, -5_000, -300_000),
    isRepeated: fc.boolean(),
  }),
  { minLength: 20, maxLength: 90 },
);

const anchorMs = 1_699_990_000_000;
const money = (max: number, duration?: string) => ({
  unit: 'nano_usd' as const,
  max,
  anchorMs,
  ...(duration === undefined ? {} : { duration }),
});

/** Limits as an operator changes them from step to step. */
const choices: readonly Limits[] = [
  { budgets: [] },
  { requestsPerWindow: 3, tokensPerWindow: 400, parallel: 2, budgets: [] },
  { budgets: [money(9_000)] },
  { parallel: 4, budgets: [money(6_000, '1d'), money(8_000, '30d'), money(20_000)] },
  {
    requestsPerWindow: 10,
    budgets: [
      { unit: 'tokens', max: 2_000, duration: '5h', anchorMs },
      { unit: 'requests', max: 12, duration: '7d', anchorMs },
      { unit: 'plan_5h', max: 50, duration: '5h', anchorMs },
    ],
  },
  {
    tokensPerWindow: 1_000,
    budgets: [money(4_000, '1d'), money(5_000, '1d'), { unit: 'plan_week', max: 90, duration: '7d', anchorMs }],
  },
  { requestsPerWindow: 5, budgets: [money(endlessMax), { unit: 'tokens', max: endlessMax, duration: '1d', anchorMs }] },
  { requestsPerWindow: 0, tokensPerWindow: 0, parallel: 0, budgets: [money(0), { unit: 'tokens', max: 0, anchorMs }] },
];

/** Whose request it is: keys with and without team, user, customer; names that try to break out of keys. */
const owners: readonly Partial<LedgerRow>[] = [
  { keyHash: 'k1' },
  { keyHash: 'k2', teamId: 't1' },
  { keyHash: 'k3', teamId: 't1', userId: 'u1', tags: ['a', 'b'] },
  { keyHash: 'k4', userId: 'u1', customerId: 'c|1:x' },
  { keyHash: 'k5', teamId: 't/1', userId: 'u/2', customerId: 'new\nline', tags: ['100%'] },
  { keyHash: 'k6', teamId: 't1', userId: 'u1', modelGroup: 'other|group', model: 'm2', account: 'second' },
  { keyHash: 'k1', modelGroup: 'gpt-5.6', otherGroups: ['gpt-5.5', 'a|b'], status: 'failure', end: 'failed' },
  { keyHash: 'k2', teamId: 't1', userId: '__proto__', tags: ['constructor', '__proto__'] },
];

/** A request of a step, before it has run. */
export function rowOfStep(step: Step, id: string, nowMs: number): LedgerRow {
  return ledgerRow({ ...owners[step.who % owners.length], id, startMs: nowMs, endMs: nowMs, spend: 0 });
}

/** The same, when it is over. */
export function endedRow(draft: LedgerRow, { amount, pick }: Step, nowMs: number): LedgerRow {
  const usage = { ...draft.usage, inputTokens: 10 * amount, cachedInputTokens: amount, outputTokens: pick % 90 };
  return { ...draft, endMs: nowMs, usage, spend: amount * 333, plan5h: amount, planWeek: amount % 4 };
}

/** What it sets aside. */
export function holdOfStep({ amount, pick }: Step): Hold {
  return { nanos: amount * 350, tokens: 60 + (pick % 200), plan5h: amount, planWeek: amount % 3 };
}

/** The least it takes. */
export function leastOfStep({ amount, pick }: Step): AdmitCommand['least'] {
  return pick % 4 === 0 ? { nano_usd: amount * 200, tokens: pick % 100 } : { nano_usd: 0, tokens: 0 };
}

function furtherModels({ pick }: Step, { otherGroups = [] }: LedgerRow): readonly string[] {
  return otherGroups.slice(pick % 3);
}

/** The scopes of a request, with the limits of the moment. */
export function scopesOfStep(step: Step, draft: LedgerRow): readonly ScopeLimits[] {
  const limits = (shift: number): Limits => choices[(step.limits + shift) % choices.length] ?? { budgets: [] };
  const mode = step.pick % 5 === 0 ? ('observe' as const) : ('enforce' as const);
  const { keyHash, teamId, userId, customerId, modelGroup } = draft;
  const scopes: ScopeLimits[] = [{ kind: 'key', id: keyHash, limits: limits(0), mode, name: 'a key' }];
  if (teamId !== undefined) scopes.push({ kind: 'team', id: teamId, limits: limits(1), mode: 'enforce' });
  if (userId !== undefined && step.pick % 3 > 0)
    scopes.push({ kind: 'user', id: userId, limits: limits(2), mode: 'enforce' });
  if (teamId !== undefined && userId !== undefined)
    scopes.push({ kind: 'member', id: memberId(teamId, userId), limits: limits(3), mode });
  if (customerId !== undefined) scopes.push({ kind: 'customer', id: customerId, limits: limits(4), mode: 'enforce' });
  if (step.pick % 4 === 0)
    scopes.push({ kind: 'key', id: keyHash, model: modelGroup, limits: limits(3), mode: 'enforce' });
  if (step.pick % 6 === 0 && teamId !== undefined)
    scopes.push({
      kind: 'member',
      id: memberId(teamId, userId ?? ''),
      model: modelGroup,
      limits: limits(2),
      mode: 'enforce',
    });
  scopes.push(
    ...furtherModels(step, draft).map((model): ScopeLimits => ({
      kind: 'key',
      id: keyHash,
      model,
      limits: limits(step.pick),
      mode: 'enforce',
    })),
  );
  scopes.push({ kind: 'proxy', id: 'all', limits: limits(5), mode: 'observe' });
  return scopes.filter(({ kind }) => kind !== 'member' || userId !== undefined);
}
