import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { SETTINGS } from '../config/config.module';
import { type Settings } from '../config/settings';
import { Lifecycle } from '../http/lifecycle';
import { Clock } from '../kernel/clock';
import { MasterKey } from '../keys/master-key';
import { RedisLink } from '../state/redis/redis-link';
import { type Replica, replicaBeatMs, ReplicaBoard } from '../state/replicas/replica-board';
import { keyPrint, modelPrint } from '../state/replicas/replica-prints';
import { gatewayVersion } from '../upstream/gateway-version';

/** Tells the others that share its Redis that this process is there. Without Redis there are no others. */
@Injectable()
export class ReplicaBeat implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly id = `${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`;
  private readonly board: ReplicaBoard | undefined;
  private startedAtMs = 0;
  private timer: NodeJS.Timeout | undefined;

  // eslint-disable-next-line max-params -- what a process says of itself is known in so many rooms
  constructor(
    @Inject(RedisLink) private readonly redis: RedisLink | undefined,
    @Inject(SETTINGS) private readonly settings: Settings,
    private readonly masterKey: MasterKey,
    private readonly lifecycle: Lifecycle,
    private readonly clock: Clock,
  ) {
    this.board = redis === undefined ? undefined : new ReplicaBoard(redis);
  }

  onApplicationBootstrap(): void {
    const { board, redis } = this;
    if (board === undefined || redis === undefined) return;
    this.startedAtMs = redis.nowMs();
    const beat = (): void => {
      // The next beat is not far; that Redis is away is told elsewhere.
      void board.tell(this.said(redis.nowMs())).catch(() => undefined);
    };
    this.timer = setInterval(beat, replicaBeatMs).unref();
    beat();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.board?.leave(this.id).catch(() => undefined);
  }

  private said(nowMs: number): Replica {
    return {
      id: this.id,
      host: hostname(),
      version: gatewayVersion(),
      state: this.lifecycle.state,
      startedAtMs: this.startedAtMs,
      beatAtMs: nowMs,
      clockAheadMs: this.clock.nowMs() - nowMs,
      keyPrint: keyPrint(this.masterKey.secret, this.settings.saltKey),
      modelPrint: modelPrint(this.settings),
    };
  }
}
