import {
  Counter,
  Gauge,
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
  /** From the values that are given to the labels that are shown; undefined when these are the same. */
  readonly project: ((values: LabelValues) => LabelValues) | undefined;
  /** Told of each observation that no longer found room for its own series. */
  readonly overflowed: (metric: string) => void;
}

/** One series of a counter or gauge. */
export interface CounterCell {
  value: number;
  /** Stands for all label sets that found no room; `at` must be asked anew each time, so that they are counted. */
  readonly isOther: boolean;
}

/** One series of a histogram, in seconds or in units of its own. */
export class HistogramCell {
  readonly counts: Float64Array;
  sum = 0;
  count = 0;

  constructor(
    private readonly bounds: readonly number[],
    readonly isOther: boolean,
  ) {
    this.counts = new Float64Array(bounds.length);
  }

  /** Records one duration of `ms` milliseconds. */
  record(ms: number): void {
    this.observe(ms / 1000);
  }

  /** Records one value in the unit of the bounds. */
  observe(value: number): void {
    this.sum += value;
    this.count += 1;
    const { bounds } = this;
    let bucket = 0;
    while (bucket < bounds.length && value > (bounds[bucket] ?? 0)) bucket += 1;
    if (bucket < bounds.length) this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
  }
}

/** Label set → cell. The client library sorts and joins all labels on every call; one joined key costs a tenth. */
class Cells<Cell> {
  private readonly cells = new Map<string, { readonly labels: Record<string, string>; readonly cell: Cell }>();

  constructor(
    private readonly options: CellOptions,
    private readonly create: (isOther: boolean) => Cell,
  ) {}

  at(given: LabelValues): Cell {
    const { project } = this.options;
    const values = project === undefined ? given : project(given);
    const key = values.join('\u0000');
    return (this.cells.get(key) ?? this.added(key, values)).cell;
  }

  clear(): void {
    this.cells.clear();
  }

  drop(isGone: (labels: Readonly<Record<string, string>>) => boolean): void {
    for (const [key, { labels }] of this.cells) if (isGone(labels)) this.cells.delete(key);
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
    const entry = { labels, cell: this.create(isFull) };
    this.cells.set(keptKey, entry);
    return entry;
  }
}

/** A counter whose series cost one map lookup; read by the registry like any other. */
export class CellCounter extends Counter {
  private readonly cells: Cells<CounterCell>;

  constructor(shape: CellOptions) {
    super({ name: shape.name, help: shape.help, labelNames: [...shape.labelNames], registers: shape.registers });
    this.cells = new Cells(shape, (isOther) => ({ value: 0, isOther }));
    if (shape.labelNames.length === 0) this.cells.at([]);
  }

  /** The series of `values`, which may be kept and added to. */
  at(values: LabelValues): CounterCell {
    return this.cells.at(values);
  }

  /** Adds one, or `amount`, to the series of `values`. */
  add(values: LabelValues, amount = 1): void {
    this.cells.at(values).value += amount;
  }

  override async get(): Promise<MetricObjectWithValues<MetricValue<string>>> {
    const values = [...this.cells.all()].map(({ labels, cell }) => ({ labels, value: cell.value }));
    return { ...(await super.get()), values };
  }
}

/** A gauge with the bound on its series that counters have. */
export class CellGauge extends Gauge {
  private readonly cells: Cells<CounterCell>;

  constructor(shape: CellOptions) {
    super({ name: shape.name, help: shape.help, labelNames: [...shape.labelNames], registers: shape.registers });
    this.cells = new Cells(shape, (isOther) => ({ value: 0, isOther }));
  }

  /** The series of `values`, which may be kept and set. */
  at(values: LabelValues): CounterCell {
    return this.cells.at(values);
  }

  /** What the series of `values` shows from now on. */
  put(values: LabelValues, value: number): void {
    this.cells.at(values).value = value;
  }

  /** Forgets every series. */
  forget(): void {
    this.cells.clear();
  }

  /** Forgets the series whose labels, as they are shown, are judged so. */
  drop(isGone: (labels: Readonly<Record<string, string>>) => boolean): void {
    this.cells.drop(isGone);
  }

  override async get(): Promise<MetricObjectWithValues<MetricValue<string>>> {
    const values = [...this.cells.all()].map(({ labels, cell }) => ({ labels, value: cell.value }));
    return { ...(await super.get()), values };
  }
}

/** A line of a histogram; its library writes what the lines of one series share only once. */
interface SharedValue extends MetricValueWithName<string> {
  readonly sharedLabels: Record<string, string>;
}

/** A histogram as cheap as `CellCounter`. */
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
    this.cells = new Cells(shape, (isOther) => new HistogramCell(bounds, isOther));
  }

  /** The series of `values`, which may be kept and recorded to. */
  at(values: LabelValues): HistogramCell {
    return this.cells.at(values);
  }

  /** The door through which the client library reads histograms, for text and for its own `get`. */
  getForPromString(): Promise<unknown> {
    const { name, help } = this.shape;
    const values = [...this.cells.all()].flatMap(({ labels, cell }) => this.lines(labels, cell));
    return Promise.resolve({ name, help, type: 'histogram', aggregator: 'sum', values });
  }

  private lines(sharedLabels: Record<string, string>, cell: HistogramCell): SharedValue[] {
    const { name } = this.shape;
    let below = 0;
    const buckets = this.bounds.map((bound, index) => {
      below += cell.counts[index] ?? 0;
      return { labels: { le: bound }, sharedLabels, value: below, metricName: `${name}_bucket` };
    });
    return [
      ...buckets,
      { labels: { le: '+Inf' }, sharedLabels, value: cell.count, metricName: `${name}_bucket` },
      { labels: {}, sharedLabels, value: cell.sum, metricName: `${name}_sum` },
      { labels: {}, sharedLabels, value: cell.count, metricName: `${name}_count` },
    ];
  }
}
