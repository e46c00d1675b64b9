import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A question that a panel asks. */
export interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat: string;
  readonly instant?: boolean;
}

/** A panel as Grafana reads it, as far as the tests and the pictures look at it. */
export interface Panel {
  readonly type: 'row' | 'timeseries' | 'stat' | 'bargauge' | 'table';
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly Target[];
  readonly datasource?: { readonly type: string; readonly uid: string };
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit?: string;
      readonly custom?: { readonly stacking?: { readonly mode: string }; readonly drawStyle?: string };
    };
    readonly overrides: readonly { readonly properties: readonly { readonly id: string; readonly value: unknown }[] }[];
  };
  readonly links?: readonly { readonly title: string; readonly url: string }[];
  readonly transformations?: readonly { readonly id: string; readonly options: Readonly<Record<string, unknown>> }[];
}

/** A dashboard as Grafana reads it. */
export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] };
}

const folder = join(__dirname, '..', '..', 'deploy', 'grafana', 'dashboards');

/** The dashboards that are shipped, by name of their file. */
export function shippedDashboards(): ReadonlyMap<string, Dashboard> {
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return new Map(names.map((name) => [name.replace('.json', ''), dashboardIn(join(folder, name))]));
}

/** What Grafana puts in the place of its variables; durations as Prometheus writes them. */
export interface Choices {
  readonly rateInterval: string;
  readonly range: string;
  /** Pattern of the jobs. */
  readonly job: string;
}

/** An expression as it is asked, with everything chosen. */
export function chosen(expr: string, { rateInterval, range, job }: Choices): string {
  return expr
    .replaceAll('$__rate_interval', rateInterval)
    .replaceAll('$__range', range)
    .replaceAll('$job', job)
    .replace(/\$(?:instance|model|team|key|account)\b/g, '.*');
}

/** The legend of a series. */
export function legendOf({ legendFormat }: Target, labels: Readonly<Record<string, string>>): string {
  if (legendFormat !== '__auto') return legendFormat.replace(/\{\{(\w+)\}\}/g, (_, name: string) => labels[name] ?? '');
  return Object.values(labels).join(' ');
}

function dashboardIn(path: string): Dashboard {
  return JSON.parse(readFileSync(path, 'utf8')) as Dashboard;
}
