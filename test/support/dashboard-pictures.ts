import { type Dashboard, legendOf, type Panel, type Target } from './dashboards';
import { type QueriedSeries } from './prometheus';

/** Answers to the questions of a panel, in their order. */
export type Answers = readonly (readonly QueriedSeries[])[];

const columnPx = 50;
const rowPx = 30;
const colors = [
  '#7eb26d',
  '#eab839',
  '#6ed0e0',
  '#ef843c',
  '#e24d42',
  '#1f78c1',
  '#ba43a9',
  '#705da0',
  '#508642',
  '#cca300',
];

/** A dashboard's panels, laid out as in Grafana and drawn from what Prometheus answered, as SVG. */
export function pictureOf(board: Dashboard, answers: ReadonlyMap<Panel, Answers>): string {
  const height = Math.max(...board.panels.map(({ gridPos: { y, h } }) => y + h)) * rowPx;
  const panels = board.panels.map((panel) => framed(panel, answers.get(panel) ?? [])).join('\n');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${24 * columnPx} ${height}" font-family="sans-serif" font-size="11">
<rect width="100%" height="100%" fill="#111217"/>
${panels}
</svg>
`;
}

function framed(panel: Panel, answers: Answers): string {
  const { x, y, w, h } = panel.gridPos;
  const [left, top, width, height] = [x * columnPx + 2, y * rowPx + 2, w * columnPx - 4, h * rowPx - 4];
  if (panel.type === 'row')
    return `<text x="${left + 6}" y="${top + 18}" fill="#ccccdc" font-size="14">${escaped(panel.title)}</text>`;
  return `<svg x="${left}" y="${top}" width="${width}" height="${height}">
<rect width="${width}" height="${height}" rx="3" fill="#181b1f" stroke="#2c3235"/>
<text x="8" y="16" fill="#ccccdc">${escaped(panel.title)}</text>
${drawn(panel, answers, { width, height })}</svg>`;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

function drawn(panel: Panel, answers: Answers, size: Size): string {
  if (panel.type === 'stat') return stat(panel, answers, size);
  if (panel.type === 'bargauge') return bars(panel, answers, size);
  return panel.type === 'table' ? table(panel, answers, size) : chart(panel, answers, size);
}

function stat(panel: Panel, answers: Answers, { width, height }: Size): string {
  const value = answers[0]?.[0]?.points.at(-1)?.[1];
  const text = value === undefined ? 'No data' : shown(value, unitOf(panel));
  return `<text x="${width / 2}" y="${height / 2 + 16}" fill="#73bf69" font-size="26" text-anchor="middle">${escaped(text)}</text>`;
}

function bars(panel: Panel, answers: Answers, { width, height }: Size): string {
  const [target] = panel.targets ?? [];
  const found = (answers[0] ?? []).slice(0, Math.floor((height - 28) / 24));
  return found
    .map(({ labels, points }, index) => {
      const value = points.at(-1)?.[1] ?? 0;
      const [top, full] = [26 + index * 24, width - 220];
      const fill = value > 0.95 ? '#e24d42' : value > 0.8 ? '#ef843c' : '#73bf69';
      return `<text x="8" y="${top + 14}" fill="#9fa7b3">${escaped(nameOf(target, labels).slice(0, 24))}</text>
<rect x="150" y="${top}" width="${full}" height="18" fill="#22252b"/>
<rect x="150" y="${top}" width="${fixed(Math.max(0, Math.min(1, value)) * full)}" height="18" fill="${fill}"/>
<text x="${width - 62}" y="${top + 14}" fill="#ccccdc">${escaped(shown(value, unitOf(panel)))}</text>`;
    })
    .join('\n');
}

function table(panel: Panel, answers: Answers, { width, height }: Size): string {
  const organized = panel.transformations?.find(({ id }) => id === 'organize')?.options ?? {};
  const renamed = (organized['renameByName'] ?? {}) as Record<string, string>;
  const hidden = new Set(Object.keys(organized['excludeByName'] ?? {}));
  const units = (panel.fieldConfig?.overrides ?? []).map(({ properties }) => {
    const unit = properties[0]?.value;
    return typeof unit === 'string' ? unit : '';
  });
  const lines: { readonly labels: Record<string, string>; readonly values: (number | undefined)[] }[] = [];
  answers.forEach((found, column) => {
    for (const { labels, points } of found) {
      const met = lines.find((each) => agree(each.labels, labels) && each.values[column] === undefined);
      const line = met ?? { labels: {}, values: [] };
      Object.assign(line.labels, labels);
      line.values[column] = points.at(-1)?.[1];
      if (met === undefined) lines.push(line);
    }
  });
  const names = Object.keys(lines[0]?.labels ?? {});
  const values = Object.entries(renamed).filter(([name]) => !hidden.has(name));
  const cells = [
    [...names, ...values.map(([, name]) => name)],
    ...lines.map(({ labels, values: figures }) => [
      ...names.map((name) => labels[name] ?? ''),
      ...values.map((_, column) => (figures[column] === undefined ? '' : shown(figures[column], units[column] ?? ''))),
    ]),
  ];
  const step = (width - 16) / Math.max(1, cells[0]?.length ?? 1);
  return cells
    .slice(0, Math.floor((height - 30) / 18))
    .flatMap((row, line) =>
      row.map(
        (cell, column) =>
          `<text x="${fixed(8 + column * step)}" y="${36 + line * 18}" fill="${line === 0 ? '#6e9fff' : '#ccccdc'}">${escaped(cell.slice(0, 28))}</text>`,
      ),
    )
    .join('\n');
}

/** Rows of several questions are one where their common labels are the same, as in Grafana. */
function agree(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  const common = Object.keys(one).filter((name) => name in other);
  return common.length > 0 && common.every((name) => one[name] === other[name]);
}

interface Line {
  readonly name: string;
  readonly points: readonly (readonly [number, number])[];
}

function chart(panel: Panel, answers: Answers, size: Size): string {
  const custom = panel.fieldConfig?.defaults.custom;
  const isStacked = custom?.stacking?.mode === 'normal';
  const lines = answers.flatMap((found, index) =>
    found.map(({ labels, points }): Line => {
      const target = panel.targets?.[index];
      return { name: nameOf(target, labels), points: points.filter(([, value]) => Number.isFinite(value)) };
    }),
  );
  const shownLines = (isStacked ? stacked(lines) : lines).slice(0, 12);
  const all = shownLines.flatMap(({ points }) => points);
  if (all.length === 0) return `<text x="8" y="40" fill="#9fa7b3">No data</text>`;
  const times = all.map(([at]) => at);
  const [from, to, top] = [Math.min(...times), Math.max(...times), Math.max(...all.map(([, value]) => value), 1e-9)];
  const plot = { left: 58, right: size.width - 10, top: 26, bottom: size.height - 44 };
  const place = ([at, value]: readonly [number, number]): string =>
    `${fixed(plot.left + ((at - from) / Math.max(1, to - from)) * (plot.right - plot.left))},${fixed(plot.bottom - (value / (top * 1.05)) * (plot.bottom - plot.top))}`;
  const grid = [0, 0.5, 1].map((share) => {
    const y = fixed(plot.bottom - (share / 1.05) * (plot.bottom - plot.top));
    return `<line x1="${plot.left}" x2="${plot.right}" y1="${y}" y2="${y}" stroke="#2c3235"/><text x="${plot.left - 6}" y="${y}" dy="4" fill="#9fa7b3" text-anchor="end">${escaped(shown(top * share, unitOf(panel)))}</text>`;
  });
  // The last line first: of a stack it is the highest, and the others lie upon it.
  const paths = shownLines.map(({ points }, index) => {
    const color = colors[index % colors.length] ?? '#fff';
    const corners = points.map(place).join(' ');
    const base = `${fixed(plot.right)},${fixed(plot.bottom)} ${fixed(plot.left)},${fixed(plot.bottom)}`;
    const area =
      isStacked && points.length > 1 ? `<polygon points="${corners} ${base}" fill="${color}" fill-opacity="0.5"/>` : '';
    return `${area}<polyline points="${corners}" fill="none" stroke="${color}" stroke-width="1.2"/>`;
  });
  return [...grid, ...paths.reverse(), legend(shownLines, size)].join('\n');
}

/** Each line upon those before it. */
function stacked(lines: readonly Line[]): readonly Line[] {
  const sums = new Map<number, number>();
  return lines.map(({ name, points }) => ({
    name,
    points: points.map(([at, value]) => {
      const sum = (sums.get(at) ?? 0) + value;
      sums.set(at, sum);
      return [at, sum] as const;
    }),
  }));
}

function legend(lines: readonly Line[], { width, height }: Size): string {
  const perRow = Math.max(1, Math.floor((width - 16) / 120));
  return lines
    .slice(0, perRow * 2)
    .map(({ name }, index) => {
      const [x, y] = [8 + (index % perRow) * 120, height - 24 + Math.floor(index / perRow) * 14];
      return `<rect x="${x}" y="${y - 4}" width="10" height="3" fill="${colors[index % colors.length] ?? '#fff'}"/><text x="${x + 14}" y="${y}" fill="#9fa7b3" font-size="10">${escaped(name.slice(0, 19))}</text>`;
    })
    .join('');
}

function nameOf(target: Target | undefined, labels: QueriedSeries['labels']): string {
  const name = target === undefined ? '' : legendOf(target, labels);
  return name === '' ? 'value' : name;
}

function unitOf(panel: Panel): string {
  return panel.fieldConfig?.defaults.unit ?? '';
}

/** A figure in Grafana's unit, roughly as Grafana writes it. */
function shown(value: number, unit: string): string {
  if (unit === 'percentunit') return `${short(value * 100)} %`;
  if (unit === 'currencyUSD') return `$${value < 0.01 && value > 0 ? value.toExponential(1) : short(value)}`;
  if (unit === 's') return duration(value);
  if (unit === 'bytes') return `${short(value / 1_048_576)} MiB`;
  return unit === 'reqps' || unit === 'ops' ? `${short(value)}/s` : short(value);
}

function duration(seconds: number): string {
  const size = Math.abs(seconds);
  if (size >= 86_400) return `${short(seconds / 86_400)} d`;
  if (size >= 3_600) return `${short(seconds / 3_600)} h`;
  return size >= 1 || size === 0 ? `${short(seconds)} s` : `${short(seconds * 1_000)} ms`;
}

function short(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6) return `${(value / 1e6).toFixed(1)} M`;
  if (size >= 1e4) return `${(value / 1e3).toFixed(1)} k`;
  return String(Number(value.toPrecision(3)));
}

function fixed(value: number): string {
  return value.toFixed(1);
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
