import { strictJson } from '../../kernel/well-formed';
import { type Amounts } from '../machine/amounts';
import { type AdmitCommand, type EnteredScope } from '../machine/meter-command';
import { type Posting, type RowOwners } from '../machine/posting';
import { type RoutingQuestion } from '../meter';
import { type PinNote, type TicketNote } from '../meter-engine';

type Argument = string | number;

/** Arguments of `admit.lua`. */
export function admitArguments(command: AdmitCommand, question: RoutingQuestion, nowMs: number): readonly Argument[] {
  const { ticketId, owner, deadlineMs, windowMs, held, least, scopes, draft } = command;
  const { deploymentIds, pins } = question;
  const args: Argument[] = [
    nowMs,
    ticketId,
    owner,
    deadlineMs,
    windowMs,
    amountsText(held),
    `${least.nano_usd} ${least.tokens}`,
    draft,
    deploymentIds.length,
  ];
  for (const id of deploymentIds) args.push(id);
  args.push(pins.length);
  for (const pin of pins) args.push(pin);
  for (const scope of scopes) args.push(scopeText(scope));
  return args;
}

/** Arguments of `note.lua`. */
export function noteArguments(
  word: 'assign' | 'draft',
  tickets: readonly TicketNote[],
  pins: readonly PinNote[],
): readonly Argument[] {
  const args: Argument[] = [word, pins.length];
  for (const { pin, value, ttlMs } of pins) args.push(pin, value, Math.max(1, Math.ceil(ttlMs)));
  for (const { ticketId, value } of tickets) args.push(ticketId, value);
  return args;
}

/** Scopes are the same values for as long as their periods last. */
const ofScopes = new WeakMap<EnteredScope, string>();

/** A list of texts in one argument: what costs most is the number of arguments. Numbers are texts too, so that none is rounded. */
function scopeText(scope: EnteredScope): string {
  const known = ofScopes.get(scope);
  if (known !== undefined) return known;
  const { key, isEnforced, requests, tokens, parallel, counters, budgets } = scope;
  const members: Argument[] = [key, isEnforced ? 1 : 0, requests, tokens, parallel, counters.length];
  for (const { name, unit, max } of counters) members.push(name, unit, max);
  members.push(budgets.length);
  for (const { counter, max } of budgets) members.push(counter + 1, max);
  const text = strictJson(members.map(String));
  ofScopes.set(scope, text);
  return text;
}

/** Arguments of a posting, as `posting.lua` reads them. */
export function postingArguments({ startMs, amounts, owners, day, dims, metrics }: Posting): readonly Argument[] {
  return [startMs, amountsText(amounts), day, metrics.join(' '), ownersText(owners, dims)];
}

const ofOwners = new WeakMap<RowOwners, string>();

function ownersText(owners: RowOwners, dims: string): string {
  const known = ofOwners.get(owners);
  if (known !== undefined) return known;
  const { key, team, user, customer, groups, account, tags } = owners;
  const text = strictJson([dims, key, team, user, customer, groups.join('|'), account, ...tags]);
  ofOwners.set(owners, text);
  return text;
}

function amountsText({ nano_usd, tokens, requests, plan_5h, plan_week }: Amounts): string {
  return `${nano_usd} ${tokens} ${requests} ${plan_5h} ${plan_week}`;
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
