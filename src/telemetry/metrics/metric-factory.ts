import { Counter, type Registry } from 'prom-client';
import { type MetricsSettings } from '../../config/observability-settings';
import { type AcrossProcesses } from '../aggregate-expositions';
import { CellCounter, CellGauge, CellHistogram, type CellOptions, type LabelValues } from '../cell-metrics';
import { OwnLabels } from './own-labels';

/** A metric as the registry's families write it. */
export interface MetricShape {
  /** As it is shown; counters end in `_total`. The unit is in the name. */
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
}

/** People: shown only where somebody asked for it, `None` elsewhere. */
const personLabels: ReadonlySet<string> = new Set(['user', 'user_email', 'end_user']);

/** Whether a label names a person. */
export function isPerson(label: string): boolean {
  return personLabels.has(label);
}

/** Makes metrics as the operator's settings want them: left out, with fewer labels, with a bound on their series. */
export class MetricFactory {
  private readonly names = new Set<string>();
  private readonly rules = new Map<string, AcrossProcesses>();
  private readonly overflow: Counter;
  /** Labels that the operator made; on every metric of requests, behind the others. */
  readonly ownLabels: OwnLabels;

  constructor(
    private readonly registry: Registry,
    private readonly settings: MetricsSettings,
  ) {
    this.ownLabels = new OwnLabels(settings);
    this.overflow = new Counter({
      name: 'codex_metric_series_overflow_total',
      help: 'Observations that were booked under "other" because their metric has too many series.',
      labelNames: ['metric'],
      registers: [registry],
    });
  }

  /** One label when streams and JSON answers are told apart, else none. */
  get streamLabel(): readonly string[] {
    return this.settings.streamLabel ? ['stream'] : [];
  }

  /** `begun`: series that are there from the start, since what is missing cannot be seen to grow. */
  counter(shape: MetricShape, begun: readonly LabelValues[] = []): CellCounter {
    const counter = new CellCounter(this.optionsOf(shape));
    for (const values of begun) counter.add(values, 0);
    return counter;
  }

  /** Bounds ascend; in seconds unless the name has another unit. `begun` as for counters. */
  histogram(shape: MetricShape, bounds: readonly number[], begun: readonly LabelValues[] = []): CellHistogram {
    const histogram = new CellHistogram(this.optionsOf(shape), bounds);
    for (const values of begun) histogram.at(values);
    return histogram;
  }

  /** `across`: what several processes behind one port show together. */
  gauge(shape: MetricShape, across: AcrossProcesses): CellGauge {
    this.rules.set(shape.name, across);
    return new CellGauge(this.optionsOf(shape));
  }

  /** A gauge without labels that shows 0 until it is told better. */
  level(shape: Omit<MetricShape, 'labels'>, across: AcrossProcesses): CellGauge {
    const gauge = this.gauge({ ...shape, labels: [] }, across);
    gauge.put([], 0);
    return gauge;
  }

  /** Gauges that are not simply added up over processes. */
  get gaugeRules(): ReadonlyMap<string, AcrossProcesses> {
    return this.rules;
  }

  /** Whether a metric is served and tells the values of `label`. */
  shows(metric: string, label: string): boolean {
    return this.isServed(baseName(metric)) && this.fateOf(label, this.chosenLabels(baseName(metric))) === 'shown';
  }

  /** Whether any metric tells the values of a label that names a person. */
  tells(label: string): boolean {
    const { served, userLabel, endUserLabel } = this.settings;
    const chosen = [...(served?.values() ?? [])].some((labels) => labels?.includes(label));
    return chosen || (label === 'end_user' ? endUserLabel : userLabel);
  }

  /** Names in the settings that no metric has; to be asked when all metrics are made. */
  unknownNames(): readonly string[] {
    const asked = [...(this.settings.served?.keys() ?? []), ...this.settings.withoutMetrics];
    return asked.filter((name) => !this.names.has(name));
  }

  private optionsOf({ name, help, labels }: MetricShape): CellOptions {
    const base = baseName(name);
    this.names.add(base);
    const chosen = this.chosenLabels(base);
    const fates = labels.map((label) => this.fateOf(label, chosen));
    return {
      name,
      help,
      labelNames: labels.filter((_, index) => fates[index] !== 'left_out'),
      registers: this.isServed(base) ? [this.registry] : [],
      maxSeries: this.settings.maxSeries,
      project: fates.every((fate) => fate === 'shown') ? undefined : projection(fates),
      overflowed: (metric) => {
        this.overflow.inc({ metric });
      },
    };
  }

  /** Groups choose among LiteLLM's metrics; ours are there unless they are left out by name. */
  private isServed(base: string): boolean {
    const { served, withoutMetrics } = this.settings;
    if (withoutMetrics.includes(base)) return false;
    return served === undefined || !base.startsWith('litellm_') || served.has(base);
  }

  private chosenLabels(base: string): readonly string[] | undefined {
    return this.settings.served?.get(base);
  }

  private fateOf(label: string, chosen: readonly string[] | undefined): LabelFate {
    const { withoutLabels, userLabel, endUserLabel } = this.settings;
    if (withoutLabels.includes(label) || chosen?.includes(label) === false) return 'left_out';
    if (!isPerson(label) || chosen !== undefined) return 'shown';
    return (label === 'end_user' ? endUserLabel : userLabel) ? 'shown' : 'blank';
  }
}

/** `blank`: the label is there for the dashboards that name it, and tells nothing. */
type LabelFate = 'shown' | 'blank' | 'left_out';

function projection(fates: readonly LabelFate[]): (values: LabelValues) => LabelValues {
  const kept = fates.flatMap((fate, index) => (fate === 'left_out' ? [] : [fate === 'blank' ? -1 : index]));
  return (values) => kept.map((index) => (index === -1 ? 'None' : (values[index] ?? 'None')));
}

function baseName(name: string): string {
  return name.replace(/_total$/, '');
}
