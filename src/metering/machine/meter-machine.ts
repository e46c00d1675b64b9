import { isGranted } from './amounts';
import { type Applied } from './change';
import {
  type AdjustCommand,
  type AdjustReply,
  type CorrectCommand,
  type CorrectReply,
  type ExtendCommand,
  type ExtendReply,
  type MendCommand,
  type MendReply,
  type SeedCommand,
  type SeedReply,
  type SettleCommand,
  type SettleReply,
} from './meter-command';
import { type MeterState } from './meter-state';

/*
 * The rules of the books beside `admit`: each command is judged against the state and gives its reply and the fact that
 * `carryOut` then puts into the state. Nothing here reads a clock or changes anything. The scripts of `lua/` say the same
 * for Redis, and a test drives both with the same random commands.
 */

/**
 * Gives what is left of what is asked for; a budget with nothing left refuses. A rate window only counts, since cutting a
 * running answer would not give its tokens back.
 */
export function extend(state: MeterState, command: ExtendCommand): Applied<ExtendReply> {
  const { ticketId, nanos, tokens } = command;
  const ticket = state.tickets.get(ticketId);
  if (ticket === undefined) return { reply: { kind: 'gone' }, change: undefined };
  const granted = { nano_usd: nanos, tokens };
  for (const { key, counters } of ticket.books) {
    const book = state.books.get(key);
    for (const { name, unit, max } of counters) {
      const counter = book?.counters.get(name);
      if (max < 0 || counter === undefined || !isGranted(unit) || granted[unit] <= 0) continue;
      const room = max - counter.used - counter.held;
      if (room <= 0) return { reply: { kind: 'full' }, change: undefined };
      granted[unit] = Math.min(granted[unit], room);
    }
  }
  const extended = { kind: 'extended', nanos: granted.nano_usd, tokens: granted.tokens } as const;
  return { reply: extended, change: { ...extended, ticketId } };
}

/** @returns whether there is such a ticket, and it was not there already. */
export function assign(state: MeterState, ticketId: string, deployment: string): Applied<boolean> {
  const ticket = state.tickets.get(ticketId);
  if (ticket === undefined || ticket.deployment === deployment) return { reply: false, change: undefined };
  return { reply: true, change: { kind: 'assigned', ticketId, deployment } };
}

/** @returns whether there is such a ticket. */
export function checkpoint(state: MeterState, ticketId: string, draft: string): Applied<boolean> {
  if (!state.tickets.has(ticketId)) return { reply: false, change: undefined };
  return { reply: true, change: { kind: 'checkpointed', ticketId, draft } };
}

/** Takes a ticket back as if it had never been: nothing was used. @returns whether there was one; a settled one is none. */
export function voidTicket(state: MeterState, ticketId: string): Applied<boolean> {
  if (!state.tickets.has(ticketId)) return { reply: false, change: undefined };
  return { reply: true, change: { kind: 'voided', ticketId } };
}

/** Once for each ticket, however often it is said. */
export function settle(state: MeterState, command: SettleCommand): Applied<SettleReply> {
  const { ticketId, text, posting, isProvisional } = command;
  const known = state.rows.get(ticketId);
  if (known !== undefined) {
    const isReplaceable = known.isProvisional && !isProvisional;
    return {
      reply: isReplaceable ? { kind: 'replaceable', text: known.text } : { kind: 'repeated' },
      change: undefined,
    };
  }
  if (isProvisional && !state.tickets.has(ticketId)) return { reply: { kind: 'gone' }, change: undefined };
  return { reply: { kind: 'settled' }, change: { kind: 'settled', ticketId, row: { text, posting }, isProvisional } };
}

/** The difference between a provisional row and the true one. */
export function correct(state: MeterState, command: CorrectCommand): Applied<CorrectReply> {
  const { ticketId, oldText, oldPosting, text, posting } = command;
  const known = state.rows.get(ticketId);
  if (known?.isProvisional !== true || known.text !== oldText) return { reply: 'moved', change: undefined };
  return { reply: 'corrected', change: { kind: 'corrected', ticketId, oldText, oldPosting, row: { text, posting } } };
}

/** Begins to count changes of a book that may be new. */
export function watch(state: MeterState, key: string): Applied<void> {
  return { reply: undefined, change: state.books.has(key) ? undefined : { kind: 'watched', keys: [key] } };
}

/** Closes a book, so that the next admission has its sums worked out anew; its window goes on. */
export function forget(state: MeterState, key: string): Applied<void> {
  return { reply: undefined, change: state.books.has(key) ? { kind: 'forgotten', key } : undefined };
}

/** Fills the gaps of a book with sums of the ledger, or sets them right. */
export function seed(state: MeterState, command: SeedCommand, nowMs: number): Applied<SeedReply> {
  const book = state.books.get(command.key);
  if (book?.seq !== command.seq) return { reply: 'moved', change: undefined };
  return { reply: 'seeded', change: { kind: 'seeded', seed: command, nowMs } };
}

/** A row that changes one open book. */
export function adjust(state: MeterState, command: AdjustCommand): Applied<AdjustReply> {
  const { key, seq, rowId, text, startMs, indexes, spend, periods } = command;
  const book = state.books.get(key);
  if (book?.seq !== seq || !book.isOpen || state.rows.get(rowId) !== undefined)
    return { reply: 'moved', change: undefined };
  return {
    reply: 'adjusted',
    change: { kind: 'adjusted', key, rowId, adjustment: { text, startMs, indexes, spend, periods } },
  };
}

/** Sets a daily figure right. */
export function mend(state: MeterState, command: MendCommand): Applied<MendReply> {
  const { figure, entity, day, dims, expected, metrics } = command;
  const stored =
    figure === 'cell' ? state.cells.get(`${entity}:${day}`)?.get(dims) : state.totals.get(entity)?.get(day);
  if (stored?.join() !== expected?.join()) return { reply: 'moved', change: undefined };
  return { reply: 'mended', change: { kind: 'mended', figure, entity, day, dims, metrics } };
}
