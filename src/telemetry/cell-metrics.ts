import {
  Counter,
  Histogram,
  type MetricObjectWithValues,
  type MetricValue,
  type MetricValueWithName,
  type Registry,
} from 'prom-client';

/** Label values in the order of the metric's label names. */
export type LabelValues = readonly string[];

/** Shape of a metric; `maxSeries` bounds its label sets, beyond it every label reads `other`. */
export interface CellOptions {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly registers: Registry[];
  readonly maxSeries: number;
  /** Told of each observation that no longer found room for its own series. */
  readonly overflowed: (metric: string) => void;
}

/** Label set → cell. The client library sorts and joins all labels on every call; one joined key costs a tenth. */
class Cells<Cell> {
  private readonly cells = new Map<string, { readonly labels: Record<string, string>; readonly cell: Cell }>();

  constructor(
    private readonly options: CellOptions,
    private readonly create: () => Cell,
  ) {}

  at(values: LabelValues): Cell {
    const key = values.join('\u0000');
    return (this.cells.get(key) ?? this.added(key, values)).cell;
  }

  all(): Iterable<{ readonly labels: Record<string, string>; readonly cell: Cell }> {
    return this.cells.values();
  }

  private added(key: string, values: LabelValues): { readonly labels: Record<string, string>; readonly cell: Cell } {
    const { name, labelNames, maxSeries, overflowed } = this.options;
    const isFull = this.cells.size >= maxSeries;
    if (isFull) overflowed(name);
    const kept = isFull ? labelNames.map(() => 'other') : values;
    const keptKey = isFull ? kept.join('\u0000') : key;
    const present = this.cells.get(keptKey);
    if (present !== undefined) return present;
    const labels = Object.fromEntries(labelNames.map((label, index) => [label, kept[index] ?? 'None']));
    const entry = { labels, cell: this.create() };
    this.cells.set(keptKey, entry);
    return entry;
  }
}

/** A counter whose series cost one map lookup; read by the registry like any other. */
export class CellCounter extends Counter {
  private readonly cells: Cells<{ value: number }>;

  constructor(shape: CellOptions) {
    super({ name: shape.name, help: shape.help, labelNames: [...shape.labelNames], registers: shape.registers });
    this.cells = new Cells(shape, () => ({ value: 0 }));
  }

  /** Adds `amount` to the series of `values`. */
  add(values: LabelValues, amount = 1): void {
    this.cells.at(values).value += amount;
  }

  override async get(): Promise<MetricObjectWithValues<MetricValue<string>>> {
    const values = [...this.cells.all()].map(({ labels, cell }) => ({ labels, value: cell.value }));
    return { ...(await super.get()), values };
  }
}

interface HistogramCell {
  readonly counts: Float64Array;
  sum: number;
  count: number;
}

/** A histogram in seconds, as cheap as `CellCounter`. */
export class CellHistogram extends Histogram {
  private readonly cells: Cells<HistogramCell>;

  constructor(
    private readonly shape: CellOptions,
    private readonly bounds: readonly number[],
  ) {
    super({
      name: shape.name,
      help: shape.help,
      labelNames: [...shape.labelNames],
      buckets: [...bounds],
      registers: shape.registers,
    });
    this.cells = new Cells(shape, () => ({ counts: new Float64Array(bounds.length), sum: 0, count: 0 }));
  }

  /** Records one duration of `ms` milliseconds. */
  record(values: LabelValues, ms: number): void {
    const seconds = ms / 1000;
    const cell = this.cells.at(values);
    cell.sum += seconds;
    cell.count += 1;
    const bucket = this.bounds.findIndex((bound) => seconds <= bound);
    if (bucket !== -1) cell.counts[bucket] = (cell.counts[bucket] ?? 0) + 1;
  }

  /** The door through which the client library reads histograms, for text and for its own `get`. */
  getForPromString(): Promise<unknown> {
    const { name, help } = this.shape;
    const values = [...this.cells.all()].flatMap(({ labels, cell }) => this.lines(labels, cell));
    return Promise.resolve({ name, help, type: 'histogram', aggregator: 'sum', values });
  }

  private lines(labels: Record<string, string>, cell: HistogramCell): MetricValueWithName<string>[] {
    const { name } = this.shape;
    let below = 0;
    const buckets = this.bounds.map((bound, index) => {
      below += cell.counts[index] ?? 0;
      return { labels: { ...labels, le: bound }, value: below, metricName: `${name}_bucket` };
    });
    return [
      ...buckets,
      { labels: { ...labels, le: '+Inf' }, value: cell.count, metricName: `${name}_bucket` },
      { labels, value: cell.sum, metricName: `${name}_sum` },
      { labels, value: cell.count, metricName: `${name}_count` },
    ];
  }
}
