import { median } from './median.mjs';

/** The verdicts: which figure of which workload is compared with what, and the table that shows it. */

const cpuPerCall = { field: 'cpuMsPerCall', label: 'CPU per request', unit: 'ms' };
const cpuPerDelta = { field: 'cpuUsPerDelta', label: 'CPU per delta', unit: 'us' };
const misses = { field: 'missesPerCall', label: "misses of V8's caches per request", unit: 'misses' };
const added = { field: 'p50Ms', label: 'added latency, median', unit: 'ms', over: 'direct' };

/**
 * `limit` is the most that `of` may be, less `minus` where it is there: a multiple of `than`, or a plain figure where `than`
 * is absent.
 */
const measures = [
  { workload: 'w1', ...cpuPerCall, of: 'gateway', than: 'translator' },
  { workload: 'w2', ...cpuPerCall, of: 'gateway', than: 'translator', limit: 1.8 },
  { workload: 'w2', ...cpuPerCall, of: 'translator', than: 'passthrough', limit: 1.15 },
  {
    workload: 'w2r',
    ...cpuPerCall,
    of: 'routed',
    minus: 'gateway',
    than: 'translator',
    limit: 0.3,
  },
  { workload: 'w2e', ...cpuPerCall, of: 'everything', than: 'translator', limit: 2.3 },
  { workload: 'w2lo', ...added, of: 'gateway', than: 'translator', limit: 2.5 },
  { workload: 'w2m', ...cpuPerCall, of: 'observed', minus: 'unobserved', than: 'translator', limit: 0.25 },
  { workload: 'w2t', ...cpuPerCall, of: 'traced', minus: 'gateway', than: 'translator', limit: 0.35 },
  { workload: 'w3', ...cpuPerDelta, of: 'gateway', than: 'translator', limit: 1.2 },
  { workload: 'w3', ...cpuPerDelta, of: 'translator', than: 'passthrough', limit: 1.15 },
  { workload: 'w4', ...cpuPerCall, of: 'gateway', than: 'translator', limit: 1.15 },
  {
    workload: 'w4',
    field: 'blockMs',
    label: 'longest loop block',
    unit: 'ms',
    of: 'gateway',
    than: 'translator',
    limit: 1.5,
  },
  { workload: 'w2i', ...misses, of: 'everything', limit: 2 },
  { workload: 'w2i', ...misses, of: 'traced', limit: 2 },
  { workload: 'w5', field: 'kibPerStream', label: 'memory per stream', unit: 'KiB', of: 'gateway', limit: 40 },
];

function figureOf(result, measure, target) {
  const value = result.targets[target]?.[measure.field];
  const zero = measure.over === undefined ? 0 : result.targets[measure.over]?.[measure.field];
  return value === undefined || zero === undefined ? undefined : value - zero;
}

/** What one target takes more than another: the median over rounds, since a round is noisy for both alike. */
function differenceOf(result, { field, of, minus }) {
  const [rounds, others] = [result.targets[of]?.rounds, result.targets[minus]?.rounds];
  if (rounds === undefined || others === undefined) return undefined;
  return median(rounds.map((round, index) => round[field] - others[index][field]));
}

function rowOf(result, measure) {
  const figure = (target) => figureOf(result, measure, target);
  const compared = measure.than === undefined ? 1 : figure(measure.than);
  const own = measure.minus === undefined ? figure(measure.of) : differenceOf(result, measure);
  const held = own === undefined || compared === undefined ? undefined : own / compared;
  return {
    workload: result.name,
    title: result.title,
    measure: measure.label,
    unit: measure.unit,
    passthrough: figure('passthrough'),
    translator: figure('translator'),
    gateway: figure('gateway'),
    of: measure.minus === undefined ? measure.of : `${measure.of} - ${measure.minus}`,
    than: measure.than,
    held,
    limit: measure.limit,
    ok: held === undefined || measure.limit === undefined ? undefined : held <= measure.limit,
  };
}

/** One row per measure whose workload was run. */
export function rowsOf(results) {
  return measures.flatMap((measure) => {
    const result = results.find((one) => one.name === measure.workload);
    return result === undefined ? [] : [rowOf(result, measure)];
  });
}

function digits(value) {
  if (value === undefined) return '–';
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3);
}

function heldText(row) {
  if (row.held === undefined) return '–';
  return row.than === undefined ? `${digits(row.held)} ${row.unit}` : `${row.held.toFixed(2)}× ${row.than}`;
}

function limitText(row) {
  if (row.limit === undefined) return '–';
  const limit = row.than === undefined ? `≤ ${row.limit} ${row.unit}` : `≤ ${row.limit.toFixed(2)}×`;
  return row.ok === undefined ? limit : `${limit} ${row.ok ? 'held' : 'MISSED'}`;
}

/** The rows as a Markdown table that is also readable in a terminal. */
export function tableOf(rows) {
  const head = ['workload', 'measure', 'pass-through', 'translator', 'gateway', 'ratio', 'limit'];
  const cells = rows.map((row) => [
    `${row.workload}: ${row.title}`,
    `${row.measure}, ${row.unit}`,
    digits(row.passthrough),
    digits(row.translator),
    digits(row.gateway),
    `${row.of}: ${heldText(row)}`,
    limitText(row),
  ]);
  const widths = head.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column].length)));
  const line = (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  return [line(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...cells.map(line)].join('\n');
}

/** Throughput and latency: for reading beside the table, never compared with a limit. */
export function detailsOf(results) {
  const rows = results.flatMap((result) =>
    Object.entries(result.targets)
      .filter(([, figures]) => figures.p50Ms !== undefined)
      .map(([target, figures]) => [
        result.name,
        target,
        digits(figures.callsPerSecond),
        `${digits(figures.p50Ms)} / ${digits(figures.p99Ms)}`,
        digits(figures.firstP50Ms),
        digits(figures.residentMib),
      ]),
  );
  const head = ['workload', 'target', 'calls/s', 'p50 / p99 ms', 'first token ms', 'RSS MiB'];
  const line = (row) => `| ${row.join(' | ')} |`;
  return rows.length === 0 ? '' : [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
