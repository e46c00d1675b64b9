import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LedgerSettings } from '../../src/config/limits-settings';
import { type RedisSettings } from '../../src/config/redis-settings';
import { type TimeLimits } from '../../src/config/time-limits';
import { type BudgetLimit, type Limits, type ScopeLimits } from '../../src/kernel/limits';
import { type SettleRecord } from '../../src/kernel/observations';
import { Books } from '../../src/metering/books';
import { type LedgerRow } from '../../src/metering/ledger-row';
import { type Admitted, type AdmitRequest, type Hold, type Refused } from '../../src/metering/meter';
import { RedisLink } from '../../src/state/redis/redis-link';
import { RedisServer } from './redis-server';
import { ledgerRow } from './ledger-rows';
import { MovedClock } from './moved-clock';
import { settingsFor } from './settings-for';
import { SilentObserver } from './silent-observer';

/** A process's books with what a test wants to know of it. */
export interface OpenBooks {
  readonly books: Books;
  readonly link: RedisLink | undefined;
  readonly settled: readonly SettleRecord[];
  readonly warnings: readonly string[];
  readonly close: () => Promise<void>;
  /** As if the process had been killed: nothing is said any more. */
  readonly die: () => Promise<void>;
}

class Listener extends SilentObserver {
  readonly settled: SettleRecord[] = [];

  override ticketSettled(record: SettleRecord): void {
    this.settled.push(record);
  }
}

let issued = 0;

/** Books of several processes that share a folder, a clock and perhaps a Redis. */
export class BooksWorld {
  readonly clock = new MovedClock();
  readonly folder = mkdtempSync(join(tmpdir(), 'books-'));
  private readonly opened: OpenBooks[] = [];

  /** @param redis undefined: the books of the process itself. */
  async open(
    redis: RedisSettings | undefined,
    times: Partial<TimeLimits> = {},
    ledger: Partial<LedgerSettings> = {},
  ): Promise<OpenBooks> {
    const usual = settingsFor('http://127.0.0.1:1', { times: { redisCommandMs: 2_000, ...times } });
    const metering = { ...usual.metering, ledger: { ...usual.metering.ledger, ...ledger } };
    const settings = { ...usual, stateDir: this.folder, redis, metering };
    const link = redis === undefined ? undefined : new RedisLink(redis, settings.times, this.clock);
    await link?.open();
    const observer = new Listener();
    const warnings: string[] = [];
    const warn = (message: string): void => {
      warnings.push(message);
    };
    const books = await Books.open(settings, { clock: this.clock, observer, redis: link, warn });
    let isOpen = true;
    const close = async (): Promise<void> => {
      if (!isOpen) return;
      isOpen = false;
      await books.close();
      await link?.close();
    };
    const die = async (): Promise<void> => {
      isOpen = false;
      // A closed link fails every command, so that nothing can be said on the way down.
      await link?.close();
      await books.close();
    };
    const open = { books, link, settled: observer.settled, warnings, close, die };
    this.opened.push(open);
    return open;
  }

  async close(): Promise<void> {
    for (const { close } of this.opened.splice(0)) await close();
    rmSync(this.folder, { recursive: true });
  }

  /** A request of key `k1` that asks to be let in now. */
  asking(scopes: readonly ScopeLimits[], hold: Partial<Hold> = {}, row: Partial<LedgerRow> = {}): AdmitRequest {
    issued += 1;
    const ticketId = `req_test${process.pid}-${issued}`;
    const nowMs = this.clock.nowMs();
    return {
      ticketId,
      scopes,
      hold: { nanos: 100, tokens: 10, plan5h: 0, planWeek: 0, ...hold },
      deadlineMs: nowMs + 3_600_000,
      draft: ledgerRow({ id: ticketId, startMs: nowMs, endMs: nowMs, spend: 0, ...row }),
      routing: { deploymentIds: ['d1'], pins: ['p1', 'p2'] },
    };
  }
}

const hasRedis = process.env['TEST_NO_REDIS'] === undefined;

/** Where books can be kept on this machine. */
export const bookKinds = hasRedis ? (['journal', 'Redis'] as const) : (['journal'] as const);

/** Books of one suite, each test in a world of its own; with a Redis where there is one. */
export class BooksSuite {
  private current: BooksWorld | undefined;
  private server: RedisServer | undefined;

  /** To be made where tests are declared. */
  constructor() {
    beforeAll(async () => {
      this.server = hasRedis ? await RedisServer.start() : undefined;
    });
    afterAll(() => this.server?.close());
    beforeEach(() => {
      this.current = new BooksWorld();
    });
    afterEach(() => this.current?.close());
  }

  get world(): BooksWorld {
    if (this.current === undefined) throw new Error('no test runs yet');
    return this.current;
  }

  /** Opens the books of this test in one of the places. */
  async open(kind: (typeof bookKinds)[number]): Promise<Books> {
    return (await this.world.open(this.settingsOf(kind))).books;
  }

  /** What this test's world asks for. */
  readonly asking: BooksWorld['asking'] = (...parts) => this.world.asking(...parts);

  /** Where the Redis is, under a prefix that nobody else has; undefined for the journal. */
  settingsOf(kind: (typeof bookKinds)[number]): RedisSettings | undefined {
    return kind === 'Redis' ? this.server?.settings() : undefined;
  }
}

/** A money budget. */
export function budget(max: number, duration?: string, more: Partial<BudgetLimit> = {}): BudgetLimit {
  return { unit: 'nano_usd', max, anchorMs: 0, ...(duration === undefined ? {} : { duration }), ...more };
}

/** The scope of key `k1`. */
export function keyScope(limits: Partial<Limits> = {}, more: Partial<ScopeLimits> = {}): ScopeLimits {
  return { kind: 'key', id: 'k1', limits: { budgets: [], ...limits }, mode: 'enforce', name: 'a key', ...more };
}

/** Of a request that was let in. @throws {Error} when it was refused. */
export function admittedOf(answer: Admitted | Refused): Admitted {
  if (answer.kind === 'refused') throw new Error(`refused by ${answer.limit.limit}`);
  return answer;
}

/** The row of a request that is over. */
export function ended({ draft }: AdmitRequest, spend = 90): LedgerRow {
  return { ...draft, spend, endMs: draft.startMs + 5 };
}

/** Waits for a condition, at least thirty seconds. */
export async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  for (let tries = 0; tries < 3_000 && !(await holds()); tries += 1)
    await new Promise((resolve) => setTimeout(resolve, 10));
  if (!(await holds())) throw new Error('it did not come about');
}
