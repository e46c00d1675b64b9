import { type MetricFactory } from './metric-factory';

/** Metrics that belong together; each is a field that is made when the family is. */
export abstract class MetricFamily {
  constructor(protected readonly make: MetricFactory) {}
}
