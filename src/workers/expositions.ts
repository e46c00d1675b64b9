import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Lifecycle } from '../http/lifecycle';
import { GatewayMetrics } from '../telemetry/gateway-metrics';
import { type Order } from './messages';
import { PrimaryLink } from './primary-link';

/** The metrics of all processes behind the port. */
export interface Collected {
  /** Exposition texts, this process's first. */
  readonly texts: readonly string[];
  readonly contentType: string;
  /** Processes that gave none in time: their part is not in the texts. */
  readonly missing: number;
}

/** The primary gives up sooner; milliseconds. */
const patienceMs = 2_000;

/** Expositions for a scrape, which reaches one process of many. Of a single process only its own. */
@Injectable()
export class Expositions implements OnModuleDestroy {
  private readonly link = PrimaryLink.get();
  private readonly waiting = new Map<number, (collected: Pick<Collected, 'texts' | 'missing'>) => void>();
  private asked = 0;
  private readonly end: () => void;

  constructor(
    private readonly metrics: GatewayMetrics,
    private readonly lifecycle: Lifecycle,
  ) {
    this.end = this.link?.onOrder((order) => void this.obey(order)) ?? ((): void => undefined);
  }

  onModuleDestroy(): void {
    this.end();
  }

  /** Never fails for want of another process. */
  async collect(): Promise<Collected> {
    const [own, others] = await Promise.all([this.own(), this.ofOthers()]);
    return { texts: [own.text, ...others.texts], contentType: own.contentType, missing: others.missing };
  }

  private own(): Promise<{ readonly text: string; readonly contentType: string }> {
    this.metrics.inFlight.set(this.lifecycle.inFlight);
    return this.metrics.exposition();
  }

  private async ofOthers(): Promise<Pick<Collected, 'texts' | 'missing'>> {
    const { link } = this;
    if (link === undefined) return { texts: [], missing: 0 };
    this.asked += 1;
    const id = this.asked;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise((resolve) => {
        this.waiting.set(id, resolve);
        timer = setTimeout(() => {
          resolve({ texts: [], missing: 1 });
        }, patienceMs);
        link.tell({ kind: 'collect', id });
      });
    } finally {
      clearTimeout(timer);
      this.waiting.delete(id);
    }
  }

  private async obey(order: Order): Promise<void> {
    if (order.kind === 'collected') this.waiting.get(order.id)?.(order);
    if (order.kind !== 'give') return;
    const { text } = await this.own();
    this.link?.tell({ kind: 'given', id: order.id, text });
  }
}
