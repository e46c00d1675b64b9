import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type Clock } from '../../kernel/clock';
import { jsonIn } from '../../kernel/json-text';
import { type RedisLink, type RedisScript } from '../../state/redis/redis-link';
import { StateUnavailable } from '../../state/state-unavailable';
import { type QuotaRecord } from '../quota/quota-record';
import { type Cooldown } from '../trouble/cooldown';
import { type BoardListener, RoutingBoard } from './routing-board';

const boardKey = '{routing}:board';
const channel = 'routing:notices';
/** A board that nobody wrote on for so long has nothing left to say, milliseconds. */
const boardLifeMs = 40 * 86_400_000;
/** Messages can be missed: so often the whole board is read, milliseconds. */
const readEveryMs = 30_000;
/** What was cleared stays to be known for so long, for replicas that were away, milliseconds. */
const clearedLifeMs = 3_600_000;

/** Stale notices that one reading takes off. */
const mostTidied = 50;

const cooldownSchema = z.object({
  scope: z.string(),
  kind: z.enum(['burst', 'quota', 'quarantine', 'model', 'errors', 'network', 'edge']),
  reason: z.string(),
  sinceMs: z.number(),
  untilMs: z.number(),
  advice: z.string().optional(),
  probeAtMs: z.number().optional(),
});
const windowSchema = z.object({
  limit: z.string(),
  minutes: z.number(),
  usedPercent: z.number(),
  resetAtMs: z.number().optional().transform(orUndefined),
  source: z.enum(['headers', 'frame', 'poll']),
  seenAtMs: z.number(),
});
const quotaSchema = z.object({
  planType: z.string().optional().transform(orUndefined),
  credits: z
    .object({ has: z.boolean(), unlimited: z.boolean(), balance: z.string().optional().transform(orUndefined) })
    .optional()
    .transform(orUndefined),
  resetCredits: z.number().optional().transform(orUndefined),
  windows: z.array(windowSchema).readonly(),
  seenAtMs: z.number(),
});
/** `rank` is what the script compares. Times are those of the Redis server. */
const noticeSchema = z.discriminatedUnion('is', [
  z.object({ is: z.literal('cooldown'), rank: z.number(), cooldown: cooldownSchema }),
  z.object({ is: z.literal('cleared'), rank: z.number(), scope: z.string(), atMs: z.number() }),
  z.object({ is: z.literal('quota'), rank: z.number(), account: z.string(), quota: quotaSchema }),
]);

type Notice = z.infer<typeof noticeSchema>;
type Link = Pick<RedisLink, 'script' | 'run' | 'key' | 'nowMs' | 'publish' | 'subscribe'>;

/**
 * The board of all replicas: one hash in Redis, each change told by a message. The hash is read when listening begins, after
 * every gap, and slowly ever after.
 */
export class RedisRoutingBoard extends RoutingBoard {
  private readonly put: RedisScript;
  private readonly drop: RedisScript;
  private readonly listeners = new Set<BoardListener>();
  private readonly stopListening: () => void;
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly link: Link,
    private readonly clock: Pick<Clock, 'nowMs'>,
  ) {
    super();
    this.put = link.script('put-notice', luaOf('put-notice'), 1);
    this.drop = link.script('drop-notice', luaOf('drop-notice'), 1);
    this.stopListening = link.subscribe(
      channel,
      (message) => {
        this.tell(message);
      },
      () => void this.readAll(),
    );
    this.timer = setInterval(() => void this.readAll(), readEveryMs).unref();
  }

  override listen(listener: BoardListener): () => void {
    this.listeners.add(listener);
    void this.readAll();
    return () => {
      this.listeners.delete(listener);
    };
  }

  override cool(cooldown: Cooldown): void {
    const shared = moved(cooldown, this.aheadMs());
    this.hang(`c ${cooldown.scope}`, { is: 'cooldown', rank: shared.untilMs, cooldown: shared });
  }

  override clear(scope: string): void {
    this.hang(`c ${scope}`, { is: 'cleared', rank: 0, scope, atMs: this.link.nowMs() }, true);
  }

  override quotaKnown(account: string, record: QuotaRecord): void {
    const quota = movedQuota(record, this.aheadMs());
    this.hang(`q ${account}`, { is: 'quota', rank: quota.seenAtMs, account, quota });
  }

  override close(): void {
    clearInterval(this.timer);
    this.stopListening();
    this.listeners.clear();
  }

  /** How far the clock of the server is ahead of ours, milliseconds: deadlines travel in its time. */
  private aheadMs(): number {
    return this.link.nowMs() - this.clock.nowMs();
  }

  /** Behind everybody's back; what cannot be told now each replica finds out for itself. */
  private hang(field: string, notice: Notice, force = false): void {
    const text = JSON.stringify(notice);
    const work = async (): Promise<void> => {
      const hangs = await this.put([boardKey], [field, text, notice.rank, force ? '1' : '0', boardLifeMs]);
      if (Number(hangs) === 1) await this.link.publish(channel, text);
    };
    work().catch(ignoreOutage);
  }

  private async readAll(): Promise<void> {
    try {
      const all = await this.link.run((redis) => redis.hgetall(this.link.key(boardKey)));
      const stale = Object.entries(all).filter(([, text]) => this.tell(text) === 'stale');
      for (const [field, text] of stale.slice(0, mostTidied)) await this.drop([boardKey], [field, text]);
    } catch (error) {
      ignoreOutage(error);
    }
  }

  /** @returns `stale` for what says nothing any more. */
  private tell(text: string): 'told' | 'stale' {
    const parsed = noticeSchema.safeParse(jsonIn(text));
    // A newer release may say what this one does not understand.
    if (!parsed.success) return 'told';
    const notice = parsed.data;
    const nowMs = this.link.nowMs();
    if (notice.is === 'cooldown' && notice.cooldown.untilMs <= nowMs) return 'stale';
    if (notice.is === 'cleared' && notice.atMs + clearedLifeMs <= nowMs) return 'stale';
    for (const listener of this.listeners) this.tellOne(listener, notice);
    return 'told';
  }

  private tellOne(listener: BoardListener, notice: Notice): void {
    const ahead = this.aheadMs();
    switch (notice.is) {
      case 'cooldown':
        listener.cooled(moved(withoutUndefined(notice.cooldown), -ahead));
        return;
      case 'cleared':
        listener.cleared(notice.scope, notice.atMs - ahead);
        return;
      case 'quota':
        listener.quotaKnown(notice.account, movedQuota(notice.quota, -ahead));
    }
  }
}

function moved(cooldown: Cooldown, byMs: number): Cooldown {
  const { probeAtMs } = cooldown;
  return {
    ...cooldown,
    sinceMs: Math.round(cooldown.sinceMs + byMs),
    untilMs: Math.round(cooldown.untilMs + byMs),
    ...(probeAtMs === undefined ? {} : { probeAtMs: Math.round(probeAtMs + byMs) }),
  };
}

function movedQuota(record: QuotaRecord, byMs: number): QuotaRecord {
  const windows = record.windows.map((window) => ({
    ...window,
    seenAtMs: Math.round(window.seenAtMs + byMs),
    resetAtMs: window.resetAtMs === undefined ? undefined : Math.round(window.resetAtMs + byMs),
  }));
  return { ...record, windows, seenAtMs: Math.round(record.seenAtMs + byMs) };
}

function withoutUndefined({ probeAtMs, advice, ...rest }: z.infer<typeof cooldownSchema>): Cooldown {
  return {
    ...rest,
    ...(advice === undefined ? {} : { advice }),
    ...(probeAtMs === undefined ? {} : { probeAtMs }),
  };
}

/** The type says present and undefined, not absent. */
function orUndefined<T>(value: T | undefined): T | undefined {
  return value;
}

function luaOf(name: string): string {
  return readFileSync(join(__dirname, 'lua', `${name}.lua`), 'utf8');
}

function ignoreOutage(error: unknown): void {
  if (!(error instanceof StateUnavailable)) throw error;
}
