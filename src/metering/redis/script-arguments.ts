import { budgetUnits } from '../machine/amounts';
import { type AdmitCommand, type EnteredScope } from '../machine/meter-command';
import { type Posting } from '../machine/posting';
import { type RoutingQuestion } from '../meter';

type Argument = string | number;

/** Arguments of `admit.lua`. */
export function admitArguments(command: AdmitCommand, question: RoutingQuestion, nowMs: number): readonly Argument[] {
  const { ticketId, owner, deadlineMs, windowMs, held, scopes, draft } = command;
  const { deploymentIds, pins } = question;
  const args: Argument[] = [nowMs, ticketId, owner, deadlineMs, windowMs];
  for (const unit of budgetUnits) args.push(held[unit]);
  args.push(draft, deploymentIds.length, ...deploymentIds, pins.length, ...pins);
  for (const scope of scopes) for (const argument of scopeArguments(scope)) args.push(argument);
  return args;
}

/** Scopes are the same values for as long as their periods last. */
const ofScopes = new WeakMap<EnteredScope, readonly Argument[]>();

function scopeArguments(scope: EnteredScope): readonly Argument[] {
  const known = ofScopes.get(scope);
  if (known !== undefined) return known;
  const { key, isEnforced, requests, tokens, parallel, counters, budgets } = scope;
  const args: Argument[] = [key, isEnforced ? 1 : 0, requests, tokens, parallel, counters.length];
  for (const { name, unit, max } of counters) args.push(name, unit, max);
  args.push(budgets.length);
  for (const { counter, max } of budgets) args.push(counter + 1, max);
  ofScopes.set(scope, args);
  return args;
}

/** Arguments of a posting, as `posting.lua` reads them. */
export function postingArguments({ startMs, amounts, owners, day, dims, metrics }: Posting): readonly Argument[] {
  const args: Argument[] = [startMs];
  for (const unit of budgetUnits) args.push(amounts[unit]);
  const { key, team, user, customer, group, account, tags } = owners;
  args.push(key, team, user, customer, group, account, day, dims, metrics.join(' '), tags.length, ...tags);
  return args;
}

/** A number that a script gave as text. @throws {Error} for anything else. */
export function numberOf(word: string | undefined): number {
  const number = Number(word);
  if (word === undefined || word === '' || !Number.isSafeInteger(number)) throw new Error('a script gave no number');
  return number;
}

/** Numbers of one text, divided by spaces. */
export function numbersOf(text: string): number[] {
  return text === '' ? [] : text.split(' ').map(numberOf);
}
