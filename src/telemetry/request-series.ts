import { type AttemptRecord, type RequestRecord } from '../kernel/observer';
import { type Principal } from '../kernel/principal';
import { type CounterCell, type HistogramCell } from './cell-metrics';
import { type GatewayMetrics } from './gateway-metrics';
import { exceptionClass, nameLabel, providerLabel } from './label-values';

/** What a label reads when there is no value. */
const none = 'None';

/** The series that all requests of one kind feed: looked up once, since working out a dozen label sets costs more than the rest. */
export class RequestSeries {
  /** False when a series is the one that stands for all that found no room: then it must not be remembered. */
  readonly isLasting: boolean;
  private readonly counters: readonly CounterCell[];
  private readonly tokens: readonly CounterCell[];
  private readonly durations: readonly (readonly [HistogramCell, Duration])[];

  constructor(metrics: GatewayMetrics, record: RequestRecord, agent: string) {
    const labels = labelsOf(record, agent);
    this.counters = [...requestCounters(metrics, record, labels)];
    const served = record.deploymentId !== undefined;
    this.tokens = served && record.usage !== undefined ? tokenCounters(metrics, labels) : [];
    this.durations = served ? durationsOf(metrics, record, labels) : [];
    const cells = [...this.counters, ...this.tokens, ...this.durations.map(([cell]) => cell)];
    this.isLasting = cells.every(({ isOther }) => !isOther);
  }

  /** Tells kinds of requests apart: whatever a label or the choice of metrics depends on. */
  static keyOf(record: RequestRecord, agent: string): string {
    const where = `${requestedLabel(record)}\n${nameLabel(record.upstreamModel ?? none)}\n${record.deploymentId}\n${record.apiBase}`;
    return `${holderKey(record.principal)}\n${presence(record)}${record.status}\n${record.route}\n${where}\n${agent}`;
  }

  /** Counts one request of this kind. */
  count(record: RequestRecord): void {
    for (const cell of this.counters) cell.value += 1;
    for (const [cell, duration] of this.durations) cell.record(durationOf[duration](record));
    const [input, output, total] = this.tokens;
    if (record.usage === undefined || input === undefined || output === undefined || total === undefined) return;
    const { inputTokens, outputTokens } = record.usage;
    input.value += inputTokens;
    output.value += outputTokens;
    total.value += inputTokens + outputTokens;
  }
}

/** The series of calls to one deployment for one model. */
export class AttemptSeries {
  readonly labels: readonly string[];
  readonly total: CounterCell;
  readonly success: CounterCell;

  constructor(metrics: GatewayMetrics, { modelLabel, upstreamModel, deploymentId, apiBase }: AttemptRecord) {
    const model = [nameLabel(modelLabel), nameLabel(upstreamModel), deploymentId, apiBase, providerLabel(apiBase)];
    this.labels = [...model, none, none, none, none, none, none];
    this.total = metrics.deploymentTotal.at(this.labels);
    this.success = metrics.deploymentSuccess.at(this.labels);
  }

  /** As for requests. */
  get isLasting(): boolean {
    return !this.total.isOther && !this.success.isOther;
  }
}

type Duration = 'whole' | 'firstContent' | 'upstream' | 'own';

const durationOf: Readonly<Record<Duration, (record: RequestRecord) => number>> = {
  whole: ({ durationMs }) => durationMs,
  firstContent: ({ firstContentMs }) => firstContentMs ?? 0,
  upstream: ({ upstreamMs }) => upstreamMs ?? 0,
  own: ({ durationMs, upstreamMs }) => Math.max(0, durationMs - (upstreamMs ?? 0)),
};

function holderKey(principal: Principal | undefined): string {
  if (principal === undefined) return '';
  return `${principal.keyHash}\n${principal.keyAlias}\n${principal.teamId}\n${principal.userId}`;
}

/** Which of the optional figures are there, as a number of five bits. */
function presence({ stream, usage, firstContentMs, upstreamMs, errorCode }: RequestRecord): string {
  const seen = [stream, usage !== undefined, firstContentMs !== undefined, upstreamMs !== undefined];
  let bits = errorCode === undefined ? 0 : 1;
  for (const one of seen) bits = bits * 2 + (one ? 1 : 0);
  return `${bits}:`;
}

interface RequestLabels {
  readonly keyHash: string;
  readonly keyAlias: string;
  readonly team: string;
  readonly user: string;
  readonly requestedModel: string;
  readonly model: string;
  readonly modelId: string;
  readonly agent: string;
}

function labelsOf(record: RequestRecord, agent: string): RequestLabels {
  const served = record.deploymentId !== undefined;
  return {
    ...holderLabels(record.principal),
    requestedModel: requestedLabel(record),
    model: served ? nameLabel(record.upstreamModel ?? none) : none,
    modelId: record.deploymentId ?? none,
    agent: record.principal === undefined ? none : agent,
  };
}

function holderLabels(principal: Principal | undefined): Pick<RequestLabels, 'keyHash' | 'keyAlias' | 'team' | 'user'> {
  return {
    keyHash: principal?.keyHash ?? none,
    keyAlias: principal?.keyAlias ?? none,
    team: principal?.teamId ?? none,
    user: principal?.userId ?? none,
  };
}

function requestCounters(metrics: GatewayMetrics, record: RequestRecord, labels: RequestLabels): CounterCell[] {
  const { keyHash, keyAlias, requestedModel, team, user, agent, modelId } = labels;
  const who = [none, keyHash, keyAlias, requestedModel, team, none, user, none];
  const shared = [...who, record.route, none, agent, modelId];
  const status = String(record.status);
  const cells = [metrics.proxyTotal.at([...shared, status])];
  if (record.errorCode !== undefined)
    cells.push(metrics.proxyFailed.at([...shared, status, exceptionClass(record.status)]));
  if (record.deploymentId !== undefined)
    cells.push(metrics.requests.at([...callLabels(labels), none, none, agent, modelId]));
  return cells;
}

function tokenCounters(metrics: GatewayMetrics, labels: RequestLabels): CounterCell[] {
  const values = [...callLabels(labels), none, labels.requestedModel, labels.modelId];
  return [metrics.inputTokens.at(values), metrics.outputTokens.at(values), metrics.totalTokens.at(values)];
}

function durationsOf(
  metrics: GatewayMetrics,
  record: RequestRecord,
  labels: RequestLabels,
): readonly (readonly [HistogramCell, Duration])[] {
  const { keyHash, keyAlias, requestedModel, model, modelId } = labels;
  const latency = [...callLabels(labels), requestedModel, modelId];
  const cells: (readonly [HistogramCell, Duration])[] = [[metrics.requestLatency.at(latency), 'whole']];
  if (record.stream && record.firstContentMs !== undefined)
    cells.push([metrics.firstToken.at(latency), 'firstContent']);
  if (record.upstreamMs === undefined) return cells;
  cells.push([metrics.upstreamLatency.at(latency), 'upstream']);
  const place = [requestedModel, providerLabel(record.apiBase), record.apiBase ?? none, model];
  cells.push([metrics.overhead.at([...place, keyHash, keyAlias, modelId]), 'own']);
  return cells;
}

function callLabels({ keyHash, keyAlias, model, team, user }: RequestLabels): readonly string[] {
  return [keyHash, keyAlias, model, team, none, user, none];
}

/** Names that nobody configured are one series together, however many a client makes up. */
function requestedLabel({ modelLabel, requestedModel }: RequestRecord): string {
  if (modelLabel !== undefined) return nameLabel(modelLabel);
  return requestedModel === undefined ? none : 'other';
}
