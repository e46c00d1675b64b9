import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Lifecycle } from '../http/lifecycle';
import { aggregateExpositions } from '../telemetry/aggregate-expositions';
import { GatewayMetrics } from '../telemetry/gateway-metrics';
import { type Order } from './messages';
import { PrimaryLink } from './primary-link';

/** What a scrape is answered with. */
export interface Exposition {
  readonly text: string;
  readonly contentType: string;
}

type Collected = Omit<Extract<Order, { kind: 'collected' }>, 'kind' | 'id'>;

/** The primary gives up sooner; milliseconds. */
const patienceMs = 2_000;

/** Metrics for a scrape, which reaches one process of many: those of all processes behind the port, as one. */
@Injectable()
export class Expositions implements OnModuleDestroy {
  private readonly link = PrimaryLink.get();
  private readonly waiting = new Map<number, (collected: Collected) => void>();
  private asked = 0;
  private readonly end: () => void;

  constructor(
    private readonly metrics: GatewayMetrics,
    private readonly lifecycle: Lifecycle,
  ) {
    this.end = this.link?.onOrder((order) => void this.obey(order)) ?? ((): void => undefined);
  }

  /** What this process counted is kept by the primary. */
  async onModuleDestroy(): Promise<void> {
    this.end();
    if (this.link !== undefined) this.link.tell({ kind: 'last', text: (await this.own()).text });
  }

  /** Never fails for want of another process: then it is left out, and `codex_workers_silent` says so. */
  async collect(): Promise<Exposition> {
    const { link } = this;
    if (link === undefined) return this.own();
    const own = await this.own();
    const { texts, ended, missing } = (await this.ofAll(link)) ?? { texts: [own.text], ended: '', missing: 1 };
    const all = [...texts, ofWorkers(texts.length, missing)];
    const text = aggregateExpositions(all, { gaugeRules: this.metrics.gaugeRules, ended: [ended] });
    return { text, contentType: own.contentType };
  }

  private own(): Promise<Exposition> {
    this.metrics.inFlight.set(this.lifecycle.inFlight);
    return this.metrics.exposition();
  }

  /** Undefined when the primary does not answer. */
  private async ofAll(link: PrimaryLink): Promise<Collected | undefined> {
    this.asked += 1;
    const id = this.asked;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Collected | undefined>((resolve) => {
        this.waiting.set(id, resolve);
        timer = setTimeout(() => {
          resolve(undefined);
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

function ofWorkers(serving: number, silent: number): string {
  return `# HELP codex_workers Processes behind this port whose metrics are here.
# TYPE codex_workers gauge
codex_workers ${serving}
# HELP codex_workers_silent Processes behind this port that gave no metrics in time for this scrape.
# TYPE codex_workers_silent gauge
codex_workers_silent ${silent}
`;
}
