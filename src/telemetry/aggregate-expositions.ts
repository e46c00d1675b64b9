/** What several processes show together: their sum, the greatest or the least of their values. */
export type AcrossProcesses = 'sum' | 'max' | 'min';

/** How expositions are put together. */
export interface AggregationOptions {
  /** Gauge → rule, for gauges that are not simply added up; `GatewayMetrics.gaugeRules` has those of the gateway. */
  readonly gaugeRules?: ReadonlyMap<string, AcrossProcesses>;
  /**
   * Expositions of processes that are gone: their counters and histograms still count, since a total never falls, their
   * gauges do not. May itself be an aggregate.
   */
  readonly ended?: readonly string[];
}

/** Gauges of the runtime; memory, handles and file descriptors are added up like all others. */
const runtimeRules: ReadonlyMap<string, AcrossProcesses> = new Map([
  ['process_start_time_seconds', 'min'],
  ['process_max_fds', 'max'],
  ['nodejs_version_info', 'max'],
  ['nodejs_eventloop_lag_seconds', 'max'],
  ['nodejs_eventloop_lag_min_seconds', 'min'],
  ['nodejs_eventloop_lag_max_seconds', 'max'],
  ['nodejs_eventloop_lag_mean_seconds', 'max'],
  ['nodejs_eventloop_lag_stddev_seconds', 'max'],
  ['nodejs_eventloop_lag_p50_seconds', 'max'],
  ['nodejs_eventloop_lag_p90_seconds', 'max'],
  ['nodejs_eventloop_lag_p99_seconds', 'max'],
]);

/**
 * One exposition for several processes behind one port. Counters and histograms are added up; gauges by their rule, a sum
 * without one. Metrics and series keep the order in which they are first seen.
 *
 * @param texts in the text format of Prometheus, each of one process of the same release.
 */
export function aggregateExpositions(texts: readonly string[], options: AggregationOptions = {}): string {
  const families = new Map<string, Family>();
  const rules = new Map([...runtimeRules, ...(options.gaugeRules ?? [])]);
  for (const text of texts) addAll(families, text, { rules, gauges: true });
  for (const text of options.ended ?? []) addAll(families, text, { rules, gauges: false });
  return `${[...families.values()].map(textOf).join('\n\n')}\n`;
}

interface Family {
  readonly help: string;
  type: string;
  rule: AcrossProcesses;
  /** Name and labels as they are written → value. */
  readonly series: Map<string, number>;
}

interface Adding {
  readonly rules: ReadonlyMap<string, AcrossProcesses>;
  /** Whether gauges are taken too. */
  readonly gauges: boolean;
}

function addAll(families: Map<string, Family>, text: string, { rules, gauges }: Adding): void {
  let family: Family | undefined;
  for (const line of text.split('\n')) {
    if (line.startsWith('# HELP ')) {
      const name = wordAt(line, 7);
      family = families.get(name) ?? { help: line, type: '', rule: 'sum', series: new Map() };
      families.set(name, family);
    } else if (line.startsWith('# TYPE ') && family !== undefined) {
      family.type = line;
      if (line.endsWith(' gauge')) family.rule = rules.get(wordAt(line, 7)) ?? 'sum';
    } else if (line !== '' && family !== undefined && (gauges || !family.type.endsWith(' gauge'))) {
      addLine(family, line);
    }
  }
}

function addLine({ series, rule }: Family, line: string): void {
  const end = line.lastIndexOf(' ');
  const key = line.slice(0, end);
  const value = numberOf(line.slice(end + 1));
  const known = series.get(key);
  series.set(key, known === undefined ? value : joined(known, value, rule));
}

/** A process that has nothing to say of a figure writes NaN; that must not swallow what the others say. */
function joined(one: number, other: number, rule: AcrossProcesses): number {
  if (Number.isNaN(one)) return other;
  if (Number.isNaN(other)) return one;
  if (rule === 'sum') return one + other;
  return rule === 'max' ? Math.max(one, other) : Math.min(one, other);
}

function textOf({ help, type, series }: Family): string {
  return [help, type, ...[...series].map(([key, value]) => `${key} ${shown(value)}`)].join('\n');
}

function numberOf(text: string): number {
  return text === '+Inf' ? Number.POSITIVE_INFINITY : text === '-Inf' ? Number.NEGATIVE_INFINITY : Number(text);
}

function shown(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? '+Inf' : '-Inf';
}

function wordAt(line: string, start: number): string {
  const end = line.indexOf(' ', start);
  return line.slice(start, end === -1 ? undefined : end);
}
