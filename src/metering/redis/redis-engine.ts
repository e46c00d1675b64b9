import { z } from 'zod';
import { type Clock } from '../../kernel/clock';
import { type StateCommandRecord } from '../../kernel/observations';
import { type Observer } from '../../kernel/observer';
import { type RedisLink } from '../../state/redis/redis-link';
import { StateUnavailable } from '../../state/state-unavailable';
import {
  type AdjustCommand,
  type AdjustReply,
  type AdmitCommand,
  type AdmitReply,
  type BookView,
  type CorrectCommand,
  type CorrectReply,
  type EnteredScope,
  type ExtendCommand,
  type ExtendReply,
  type LimitRef,
  type MendCommand,
  type MendReply,
  type SeedCommand,
  type SeedReply,
  type SettleCommand,
  type SettleReply,
  type Unseeded,
} from '../machine/meter-command';
import { type RoutingAnswer, type RoutingQuestion } from '../meter';
import { type AdmitOutcome, MeterEngine, type PinNote, type TicketNote } from '../meter-engine';
import { booksScript, type BooksScript } from './books-script';
import { type ProcessLease } from './process-lease';
import { RedisReads } from './redis-reads';
import { admitArguments, noteArguments, numberOf, numbersOf, postingArguments } from './script-arguments';

type Link = Pick<RedisLink, 'script' | 'run' | 'key' | 'nowMs' | 'isUp'>;

const noRouting: RoutingAnswer = { inFlight: [], pins: [] };
const settledSchema = z.union([
  z.tuple([z.enum(['settled', 'repeated', 'gone'])]),
  z.tuple([z.literal('replaceable'), z.string()]),
]);

/** What the engine needs beside its links. */
export interface RedisEngineParts {
  readonly lease: Pick<ProcessLease, 'isKnown' | 'beat'>;
  readonly clock: Clock;
  readonly observer: Pick<Observer, 'stateCommandDone'>;
}

/** The books in Redis, shared by all replicas: every command is one script. */
export class RedisEngine extends MeterEngine {
  override readonly reads: RedisReads;
  /** While Redis is away rows wait in a file of the state folder. */
  override readonly keepsRows = true;
  private readonly scripts;

  /** @param readLink connection for looking, so that a long look holds no admission up. */
  constructor(
    private readonly link: Link,
    readLink: Link,
    private readonly parts: RedisEngineParts,
  ) {
    super();
    this.reads = new RedisReads(readLink);
    const script = (name: string, writesRows = false): BooksScript => {
      const run = booksScript(link, name, writesRows);
      return (args) => this.timed(name, run(args));
    };
    this.scripts = {
      admit: script('admit'),
      extend: script('extend'),
      note: script('note'),
      void: script('void'),
      settle: script('settle', true),
      correct: script('correct', true),
      watch: script('watch'),
      forget: script('forget'),
      seed: script('seed'),
      adjust: script('adjust'),
      mend: script('mend'),
    };
  }

  override get isUp(): boolean {
    return this.link.isUp;
  }

  override nowMs(): number {
    return this.link.nowMs();
  }

  override async admit(command: AdmitCommand, question: RoutingQuestion): Promise<AdmitOutcome> {
    // A ticket of a process that nobody knows of would never be found if it died.
    if (!this.parts.lease.isKnown) await this.parts.lease.beat();
    if (!this.parts.lease.isKnown) throw new StateUnavailable('offline');
    const reply = await this.scripts.admit(admitArguments(command, question, this.link.nowMs()));
    return outcomeOf(reply, command.scopes);
  }

  override async extend({ ticketId, nanos, tokens }: ExtendCommand): Promise<ExtendReply> {
    const [kind, ...granted] = textOf(await this.scripts.extend([ticketId, nanos, tokens])).split(' ');
    const [moreNanos = 0, moreTokens = 0] = granted.map(numberOf);
    if (kind === 'extended') return { kind, nanos: moreNanos, tokens: moreTokens };
    return { kind: z.enum(['full', 'gone']).parse(kind) };
  }

  override async note(assignments: readonly TicketNote[], pins: readonly PinNote[]): Promise<void> {
    if (assignments.length > 0 || pins.length > 0) await this.scripts.note(noteArguments('assign', assignments, pins));
  }

  override async checkpoint(drafts: readonly TicketNote[]): Promise<void> {
    if (drafts.length > 0) await this.scripts.note(noteArguments('draft', drafts, []));
  }

  override async void(ticketId: string): Promise<boolean> {
    return (await this.scripts.void([ticketId])) === 1;
  }

  override async settle({ ticketId, text, posting, isProvisional }: SettleCommand): Promise<SettleReply> {
    const reply = await this.scripts.settle([ticketId, text, isProvisional ? 1 : 0, ...postingArguments(posting)]);
    const [kind, stored] = settledSchema.parse(reply);
    return kind === 'replaceable' ? { kind, text: stored } : { kind };
  }

  override async correct({ ticketId, oldText, oldPosting, text, posting }: CorrectCommand): Promise<CorrectReply> {
    const postings = [...postingArguments(oldPosting), ...postingArguments(posting)];
    return z.enum(['corrected', 'moved']).parse(await this.scripts.correct([ticketId, oldText, text, ...postings]));
  }

  override async watch(key: string): Promise<void> {
    await this.scripts.watch([key]);
  }

  override async forget(key: string): Promise<void> {
    await this.scripts.forget([key]);
  }

  override async seed({ key, seq, sums, counters, isRepair }: SeedCommand): Promise<SeedReply> {
    const whole = sums === undefined ? ['', ''] : [sums.spent, sums.running];
    const figures = counters.flatMap(({ name, used, held }) => [name, used, held]);
    const reply = await this.scripts.seed([this.link.nowMs(), key, seq, isRepair ? 1 : 0, ...whole, ...figures]);
    return z.enum(['seeded', 'moved']).parse(reply);
  }

  override async adjust(command: AdjustCommand): Promise<AdjustReply> {
    const { key, seq, rowId, text, startMs, indexes, spend, periods } = command;
    const args = [key, seq, rowId, text, startMs, spend, indexes.length, ...indexes, ...Object.entries(periods).flat()];
    return z.enum(['adjusted', 'moved']).parse(await this.scripts.adjust(args));
  }

  override async mend({ figure, entity, day, dims, expected, metrics }: MendCommand): Promise<MendReply> {
    const args = [figure, entity, day, dims, expected?.join(' ') ?? '', metrics?.join(' ') ?? ''];
    return z.enum(['mended', 'moved']).parse(await this.scripts.mend(args));
  }

  /** The links belong to whoever opened them. */
  override close(): Promise<void> {
    return Promise.resolve();
  }

  private async timed(command: string, reply: Promise<unknown>): Promise<unknown> {
    const { clock, observer } = this.parts;
    const startedMs = clock.monotonicMs();
    let outcome: StateCommandRecord['outcome'] = 'ok';
    try {
      return await reply;
    } catch (error) {
      if (error instanceof StateUnavailable) outcome = error.trouble;
      throw error;
    } finally {
      observer.stateCommandDone({ command, outcome, durationMs: clock.monotonicMs() - startedMs });
    }
  }
}

/** Read by hand: this is the hot path, and a schema costs more than the command itself. */
function outcomeOf(reply: unknown, scopes: readonly EnteredScope[]): AdmitOutcome {
  const [kind, first, second, third, fourth, fifth] = Array.isArray(reply) ? (reply as readonly unknown[]) : [];
  switch (kind) {
    case 'admitted': {
      const [books, observed] = [viewsOf(textOf(first), scopes), limitsOf(textOf(second))];
      const [nano_usd = 0, tokens = 0] = numbersOf(textOf(fifth));
      const answer: AdmitReply = { kind, books, observed, granted: { nano_usd, tokens } };
      return { reply: answer, routing: { inFlight: numbersOf(textOf(third)), pins: pinsOf(fourth) } };
    }
    case 'refused': {
      const [by] = limitsOf(textOf(second));
      const scope = by === undefined ? undefined : scopes[by.scope];
      if (by === undefined || scope === undefined) throw new Error('a script refused by no limit');
      const [book] = viewsOf(textOf(first), [scope]);
      if (book === undefined) throw new Error('a script refused without a book');
      return { reply: { kind, by, book }, routing: noRouting };
    }
    case 'unseeded': {
      const missing = (Array.isArray(reply) ? reply.slice(1) : []).map((line) => unseededOf(textOf(line)));
      return { reply: { kind, missing }, routing: noRouting };
    }
    default:
      throw new Error('a script gave a reply of an unknown kind');
  }
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new Error('a script gave no text');
  return value;
}

function viewsOf(text: string, scopes: readonly EnteredScope[]): readonly BookView[] {
  const numbers = numbersOf(text);
  let at = 0;
  return scopes.map(({ counters }) => {
    const [windowStartMs = 0, requests = 0, tokens = 0, running = 0] = numbers.slice(at, at + 4);
    const end = at + 4 + 2 * counters.length;
    const sums = numbers.slice(at + 4, end);
    at = end;
    return { windowStartMs, requests, tokens, running, counters: sums };
  });
}

function limitsOf(text: string): readonly LimitRef[] {
  if (text === '') return [];
  const numbers = numbersOf(text);
  const limits: LimitRef[] = [];
  for (let at = 0; at < numbers.length; at += 2) limits.push({ scope: numbers[at] ?? 0, limit: numbers[at + 1] ?? 0 });
  return limits;
}

function unseededOf(line: string): Unseeded {
  const [scope = 0, seq = 0, isNew, openedMs = 0, ...counters] = line.split(' ').map(numberOf);
  return { scope, seq, isNew: isNew === 1, openedMs, counters };
}

function pinsOf(value: unknown): readonly (string | undefined)[] {
  return Array.isArray(value) ? value.map((each) => (typeof each === 'string' ? each : undefined)) : [];
}
