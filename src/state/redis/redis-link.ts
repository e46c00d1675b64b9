import { createHash } from 'node:crypto';
import { type RedisCommander } from 'ioredis';
import { type RedisSettings } from '../../config/redis-settings';
import { type TimeLimits } from '../../config/time-limits';
import { type Clock } from '../../kernel/clock';
import { StateUnavailable } from '../state-unavailable';
import { Breaker, probeEveryMs } from './breaker';
import { astray, connectTroubleOf } from './connect-trouble';
import { redisClient, type RedisClient } from './redis-client';
import { commandFailure, isOutage, isReplyCode, refusalOf, refusedKey } from './redis-failure';
import { healthOf, type RedisHealth } from './redis-health';
import { RedisTime } from './redis-time';
import { RedisSubscriber } from './redis-subscriber';
import { within } from './within';
import { WriteWatch } from './write-watch';

/** Commands of a server or Cluster. Names of keys come from `RedisLink.key`. */
export type RedisCommands = RedisCommander;

/** One atomic operation. Keys are given without the prefix. @throws {StateUnavailable} */
export type RedisScript = (keys: readonly string[], args: readonly (string | number)[]) => Promise<unknown>;

/** Waits of the link. */
export type RedisTimes = Pick<TimeLimits, 'connectMs' | 'redisCommandMs'>;

/** How often clock and subscriptions are checked, milliseconds. */
const upkeepMs = 5_000;
/** Round trips that a measurement of the latency takes. */
const pings = 3;
/** A little more than the breaker wants between two probes, milliseconds. */
const patienceMs = probeEveryMs + 10;
/** How long a key that only shows whether writes are taken stays, milliseconds. */
const probeStaysMs = 10_000;

/**
 * The way to the shared state: no command waits longer than `redisCommandMs`, none is sent twice by itself, and a server
 * that does not answer is spared. Every failure is one `StateUnavailable`.
 */
export class RedisLink {
  readonly keyPrefix: string;
  private readonly client: RedisClient;
  private readonly breaker = new Breaker();
  private readonly time: RedisTime;
  private readonly subscriber: RedisSubscriber;
  private readonly writes: WriteWatch;
  private readonly upkeep: NodeJS.Timeout;
  private readonly watchers = new Set<(isUp: boolean) => void>();
  private probing: NodeJS.Timeout | undefined;
  private wasUp = false;
  /** Why there is no connection, or none that may be used. */
  private trouble: string | undefined;
  private answeredAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    settings: RedisSettings,
    private readonly times: RedisTimes,
    private readonly clock: Clock,
  ) {
    this.keyPrefix = settings.keyPrefix;
    this.client = redisClient(settings, { ...times, waits: false });
    this.client.on('error', (error: unknown) => {
      this.trouble = connectTroubleOf(error) ?? this.trouble;
    });
    this.client.on('connect', () => {
      if (this.isAstray) this.trouble = undefined;
    });
    this.client.on('ready', () => {
      // It comes behind the answer to SELECT.
      if (!this.isAstray) this.trouble = undefined;
      this.breaker.reconnected();
      void this.measureTime();
      this.tell();
    });
    this.client.on('close', () => {
      this.tell();
    });
    this.time = new RedisTime(clock);
    this.writes = new WriteWatch(
      (near) => this.writeNear(near),
      clock,
      () => {
        this.tell();
      },
    );
    this.subscriber = new RedisSubscriber(() => redisClient(settings, { ...times, waits: true }));
    this.upkeep = setInterval(() => {
      // The library goes on with database 0, whose keys are somebody else's.
      if (this.isAstray) this.client.disconnect(true);
      void this.measureTime();
      this.subscriber.probe();
    }, upkeepMs).unref();
  }

  /** Whether commands can be sent right now, and are carried out as far as known. */
  get isUp(): boolean {
    return this.isConnected && !this.breaker.isOpen && this.refusedBy === undefined;
  }

  /** By which word a server that answers refuses to write, `OOM` or `READONLY` for example; reads may go well. */
  get refusedBy(): string | undefined {
    return this.writes.refusedBy;
  }

  /**
   * @param watcher called when `isUp` changes, once for each change.
   * @returns how to stop watching.
   */
  onChange(watcher: (isUp: boolean) => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  /** Milliseconds since the server last answered anything; it is asked every 5 s. Infinite before it ever did. */
  get silentMs(): number {
    return this.clock.monotonicMs() - this.answeredAtMs;
  }

  /**
   * Connects and takes the time of the server. Goes on trying in the background when that fails, for ever.
   *
   * @returns whether the server answered within the connect limit, and let us into the database of the settings.
   */
  async open(): Promise<boolean> {
    try {
      await within(this.client.connect(), this.times.connectMs);
      await this.measureTime();
      return !this.isAstray;
    } catch {
      return false;
    }
  }

  /** A name with the prefix of this installation. Keys of one script need one hash tag, `{…}`, in their names. */
  key(name: string): string {
    return this.keyPrefix + name;
  }

  /**
   * Time of the Redis server, Unix milliseconds, the same on all replicas within a few milliseconds. Steps of the local
   * clock do not show; before the server was first asked it is the local clock.
   */
  nowMs(): number {
    return this.time.nowMs();
  }

  /**
   * Runs commands, all together within the command limit. `work` may run them one after the other or in one pipeline.
   *
   * @throws {StateUnavailable} whose `mayHaveHappened` says whether the state may have changed all the same, and whose
   *   `replyCode` why there is no connection.
   */
  async run<T>(work: (redis: RedisCommands) => Promise<T>): Promise<T> {
    if (!this.breaker.admits(this.clock.monotonicMs())) throw new StateUnavailable('breaker');
    if (!this.isConnected) throw new StateUnavailable('offline', this.trouble);
    try {
      const value = await within(work(this.client), this.times.redisCommandMs);
      this.answered();
      return value;
    } catch (error) {
      throw this.failed(error);
    }
  }

  /**
   * Makes a Lua script callable. Its digest is sent; the text only once to a server that does not know it, which is safe
   * because such a server has done nothing yet.
   *
   * @param name for people who debug.
   */
  script(name: string, lua: string, numberOfKeys: number): RedisScript {
    const sha = createHash('sha1').update(lua).digest('hex');
    return (keys, args) => {
      if (keys.length !== numberOfKeys) throw new TypeError(`script ${name} takes ${numberOfKeys} keys`);
      const rest = [...keys.map((key) => this.key(key)), ...args];
      return this.run(async (redis) => {
        try {
          return await redis.evalsha(sha, numberOfKeys, ...rest);
        } catch (error) {
          if (!isReplyCode(error, 'NOSCRIPT')) throw error;
          return redis.eval(lua, numberOfKeys, ...rest);
        }
      });
    };
  }

  /** Tells all subscribers of a channel; nobody keeps the message. @throws {StateUnavailable} */
  async publish(channel: string, message: string): Promise<void> {
    await this.run((redis) => redis.publish(this.key(channel), message));
  }

  /**
   * Listens to a channel until the returned function is called; survives outages.
   *
   * @param listener called with each message; must not throw.
   * @param onGap called when listening begins and after every outage: messages may have been missed before it.
   */
  subscribe(channel: string, listener: (message: string) => void, onGap?: () => void): () => void {
    return this.subscriber.add(this.key(channel), { onMessage: listener, onGap });
  }

  /** Latency, and what an operator should know about persistence and eviction. @throws {StateUnavailable} when it does not answer. */
  async health(): Promise<RedisHealth> {
    let latencyMs = Number.POSITIVE_INFINITY;
    // The quickest counts: a process that is busy itself waits longer for what came long ago.
    for (let ping = 0; ping < pings; ping += 1) {
      const startedMs = this.clock.monotonicMs();
      await this.run((redis) => redis.ping());
      latencyMs = Math.min(latencyMs, this.clock.monotonicMs() - startedMs);
    }
    return healthOf(this, latencyMs);
  }

  /** Ends both connections; what is under way fails. */
  close(): Promise<void> {
    clearInterval(this.upkeep);
    clearTimeout(this.probing);
    this.writes.close();
    this.watchers.clear();
    this.subscriber.close();
    this.client.disconnect();
    return Promise.resolve();
  }

  private get isAstray(): boolean {
    return this.trouble === astray;
  }

  private get isConnected(): boolean {
    return this.client.status === 'ready' && !this.isAstray;
  }

  private answered(): void {
    this.answeredAtMs = this.clock.monotonicMs();
    this.breaker.succeeded();
    this.tell();
  }

  private tell(): void {
    const { isUp } = this;
    if (this.breaker.isOpen) this.probeSoon();
    if (isUp === this.wasUp) return;
    this.wasUp = isUp;
    for (const watcher of this.watchers) watcher(isUp);
  }

  /** A server that was given up is asked twice a second whether or not anybody needs it, so that it is found when it is back. */
  private probeSoon(): void {
    this.probing ??= setTimeout(() => {
      this.probing = undefined;
      void this.probe();
    }, patienceMs).unref();
  }

  private async probe(): Promise<void> {
    let before: number;
    do {
      before = this.answeredAtMs;
      await this.measureTime();
    } while (this.breaker.isOpen && this.answeredAtMs > before);
    if (this.breaker.isOpen) this.probeSoon();
  }

  private failed(error: unknown): unknown {
    const failure = commandFailure(error);
    const refusal = refusalOf(failure);
    // No wait that the breaker could spare, and no proof of life: whatever reads gives that.
    if (refusal !== undefined) this.writes.refused(refusal, refusedKey(error, this.keyPrefix));
    else if (isOutage(failure)) {
      this.breaker.failed(this.clock.monotonicMs());
      this.tell();
    } else this.answered();
    return failure;
  }

  /** Where that key lies: a Cluster puts names with the same `{…}` on the same node. */
  private async writeNear(key: string | undefined): Promise<void> {
    const place = key === undefined ? '' : `:{${/\{([^}]+)\}/.exec(key)?.[1] ?? key}}`;
    await this.run((redis) => redis.set(this.key(`write-probe${place}`), '1', 'PX', probeStaysMs));
  }

  private async measureTime(): Promise<void> {
    try {
      const startedMs = this.clock.monotonicMs();
      const reply = await this.run((redis) => redis.time());
      this.time.learn(reply, startedMs);
    } catch {
      // The last measurement goes on; whoever needs the state finds out for himself.
    }
  }
}
