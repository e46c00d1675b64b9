/** One series of an exposition text. */
export interface ShownSeries {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** An exposition text, read strictly enough for tests: a line that cannot be read throws. */
export interface Exposition {
  /** Metric → counter, gauge or histogram. */
  readonly types: ReadonlyMap<string, string>;
  readonly series: readonly ShownSeries[];
}

/** Reads the text format of Prometheus. @throws {Error} on a line that is none. */
export function readExposition(text: string): Exposition {
  const types = new Map<string, string>();
  const series: ShownSeries[] = [];
  for (const line of text.split('\n')) {
    const type = /^# TYPE (\S+) (\w+)$/.exec(line);
    if (type?.[1] !== undefined && type[2] !== undefined) types.set(type[1], type[2]);
    if (line !== '' && !line.startsWith('#')) series.push(seriesOf(line));
  }
  return { types, series };
}

/** Names of the labels that the series of a metric carry; of a histogram without `le`. */
export function labelNamesOf({ series }: Exposition, metric: string): readonly string[] {
  const names = new Set([metric, `${metric}_count`]);
  const found = series.filter(({ name }) => names.has(name));
  return [...new Set(found.flatMap(({ labels }) => Object.keys(labels)))].sort();
}

function seriesOf(line: string): ShownSeries {
  const found = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
  if (found?.[1] === undefined) throw new Error(`no series: ${line}`);
  const labels: Record<string, string> = {};
  for (const [, name = '', value = ''] of (found[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)",?/g)) {
    labels[name] = value.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
  }
  return { name: found[1], labels, value: Number(found[3]?.replace('Inf', 'Infinity')) };
}
