import { dollarsFromNanos } from '../kernel/money';
import { type RequestRecord } from '../kernel/observer';
import { type Principal } from '../kernel/principal';
import { type CounterCell, type HistogramCell } from './cell-metrics';
import { durationOf, type Duration } from './durations';
import { type GatewayMetrics } from './gateway-metrics';
import { exceptionClass, nameLabel, operationLabel, providerLabel } from './label-values';

/** What a label reads when there is no value. */
export const none = 'None';

/** The series that all requests of one kind feed: looked up once, since working out a dozen label sets costs more than the rest. */
export class RequestSeries {
  /** False when a series is the one that stands for all that found no room: then it must not be remembered. */
  readonly isLasting: boolean;
  private readonly counters: readonly CounterCell[];
  private readonly spend: CounterCell | undefined;
  private readonly tokens: TokenCells | undefined;
  private readonly durations: readonly (readonly [HistogramCell, Duration])[];
  private readonly attempts: HistogramCell | undefined;

  constructor(metrics: GatewayMetrics, record: RequestRecord, agent: string) {
    const labels = labelsOf(metrics, record, agent);
    this.counters = [...requestCounters(metrics, record, labels)];
    const served = record.deploymentId !== undefined;
    this.spend = served ? metrics.requests.spend.at(servedLabels(labels)) : undefined;
    this.tokens = served && record.usage !== undefined ? tokenCells(metrics, record, labels) : undefined;
    this.durations = served ? durationsOf(metrics, record, labels) : [];
    this.attempts = served ? metrics.requests.attempts.at([labels.requestedModel]) : undefined;
    const tokens: readonly (CounterCell | HistogramCell)[] =
      this.tokens === undefined ? [] : Object.values(this.tokens);
    const cells = [...this.counters, ...tokens, ...this.durations.map(([cell]) => cell)];
    this.isLasting = cells.every(({ isOther }) => !isOther);
  }

  /** Tells kinds of requests apart: whatever a label or the choice of metrics depends on. */
  static keyOf(metrics: GatewayMetrics, record: RequestRecord, agent: string): string {
    const where = `${requestedLabel(record)}\n${nameLabel(record.upstreamModel ?? none)}\n${record.deploymentId}\n${record.apiBase}`;
    const how = `${presence(record)}${record.status}\n${record.errorType}\n${record.route}`;
    return `${holderKey(metrics, record.principal)}${ownKey(metrics, record)}\n${how}\n${where}\n${agent}`;
  }

  /** Counts one request of this kind. */
  count(record: RequestRecord): void {
    for (const cell of this.counters) cell.value += 1;
    for (const [cell, duration] of this.durations) cell.record(durationOf[duration](record));
    this.attempts?.observe(record.attempts);
    if (this.spend !== undefined) this.spend.value += dollarsFromNanos(record.costNanos ?? 0);
    if (record.usage !== undefined && this.tokens !== undefined) countTokens(this.tokens, record.usage);
  }
}

interface RequestLabels extends HolderLabels {
  readonly requestedModel: string;
  readonly model: string;
  readonly modelId: string;
  readonly agent: string;
  readonly customer: string;
  readonly own: readonly string[];
}

function labelsOf(metrics: GatewayMetrics, record: RequestRecord, agent: string): RequestLabels {
  const served = record.deploymentId !== undefined;
  return {
    ...holderLabels(record.principal),
    requestedModel: requestedLabel(record),
    model: served ? nameLabel(record.upstreamModel ?? none) : none,
    modelId: record.deploymentId ?? none,
    agent: record.principal === undefined ? none : agent,
    customer: nameLabel(record.customerId ?? none),
    own: metrics.ownLabels.valuesIn(record),
  };
}

/** The labels that tell whose a request was. */
export interface HolderLabels {
  readonly keyHash: string;
  readonly keyAlias: string;
  readonly team: string;
  readonly teamAlias: string;
  readonly user: string;
  readonly email: string;
}

const nobody: HolderLabels = { keyHash: none, keyAlias: none, team: none, teamAlias: none, user: none, email: none };

/** `None` for whatever a holder does not have. */
export function holderLabels(principal: Principal | undefined): HolderLabels {
  if (principal === undefined) return nobody;
  const { keyHash, keyAlias, teamId, teamAlias, userId, userEmail } = principal;
  return {
    keyHash,
    keyAlias: nameLabel(keyAlias ?? none),
    team: nameLabel(teamId ?? none),
    teamAlias: nameLabel(teamAlias ?? none),
    user: nameLabel(userId ?? none),
    email: nameLabel(userEmail ?? none),
  };
}

/** Tells holders apart as far as metrics do. */
export function holderKey(metrics: Pick<GatewayMetrics, 'tellsUsers'>, principal: Principal | undefined): string {
  if (principal === undefined) return '';
  const { keyHash, keyAlias, teamId, teamAlias, userId, userEmail } = principal;
  const person = metrics.tellsUsers ? `${userId}\n${userEmail}` : '';
  return `${keyHash}\n${keyAlias}\n${teamId}\n${teamAlias}\n${person}`;
}

function ownKey(metrics: GatewayMetrics, record: RequestRecord): string {
  const customer = metrics.tellsCustomers ? `\n${nameLabel(record.customerId ?? none)}` : '';
  const own = metrics.ownLabels.valuesIn(record);
  return own.length === 0 ? customer : `${customer}\n${own.join('\n')}`;
}

/** Which of the optional figures are there, as a number of five bits. */
function presence({ stream, usage, firstContentMs, upstreamMs, errorCode }: RequestRecord): string {
  const seen = [stream, usage !== undefined, firstContentMs !== undefined, upstreamMs !== undefined];
  let bits = errorCode === undefined ? 0 : 1;
  for (const one of seen) bits = bits * 2 + (one ? 1 : 0);
  return `${bits}:`;
}

function requestCounters(metrics: GatewayMetrics, record: RequestRecord, labels: RequestLabels): CounterCell[] {
  const { keyHash, keyAlias, requestedModel, team, teamAlias, user, email, agent, modelId, customer, own } = labels;
  const { requests } = metrics;
  const who = [customer, keyHash, keyAlias, requestedModel, team, teamAlias, user, email];
  const shared = [...who, record.route, none, agent, modelId];
  const status = String(record.status);
  const cells = [requests.proxyTotal.at([...shared, status, ...own, record.stream ? 'True' : 'False'])];
  const failure = [status, exceptionClass(record.status)];
  if (record.errorCode !== undefined) cells.push(requests.proxyFailed.at([...shared, ...failure, ...own]));
  if (record.deploymentId === undefined) return cells;
  cells.push(requests.requests.at(servedLabels(labels)));
  if (record.errorCode !== undefined) {
    cells.push(requests.upstreamFailed.at([keyHash, keyAlias, team, teamAlias, labels.model, user, customer]));
  }
  return cells;
}

interface TokenCells {
  readonly input: CounterCell;
  readonly output: CounterCell;
  readonly total: CounterCell;
  readonly cached: CounterCell;
  readonly cacheWrite: CounterCell;
  readonly reasoning: CounterCell;
  readonly genAiInput: HistogramCell;
  readonly genAiOutput: HistogramCell;
}

function tokenCells({ requests }: GatewayMetrics, record: RequestRecord, labels: RequestLabels): TokenCells {
  const values = [...callLabels(labels), labels.email, labels.requestedModel, labels.modelId, ...labels.own];
  const genAi = genAiLabels(record, labels);
  return {
    input: requests.inputTokens.at(values),
    output: requests.outputTokens.at(values),
    total: requests.totalTokens.at(values),
    cached: requests.cachedTokens.at(values),
    cacheWrite: requests.cacheWriteTokens.at(values),
    reasoning: requests.reasoningTokens.at(values),
    genAiInput: requests.genAiTokens.at([...genAi, 'input']),
    genAiOutput: requests.genAiTokens.at([...genAi, 'output']),
  };
}

function countTokens(cells: TokenCells, usage: NonNullable<RequestRecord['usage']>): void {
  const { inputTokens, outputTokens } = usage;
  cells.input.value += inputTokens;
  cells.output.value += outputTokens;
  cells.total.value += inputTokens + outputTokens;
  cells.cached.value += usage.cachedInputTokens;
  cells.cacheWrite.value += usage.cacheWriteTokens;
  cells.reasoning.value += usage.reasoningTokens;
  cells.genAiInput.observe(inputTokens);
  cells.genAiOutput.observe(outputTokens);
}

type TimedCell = readonly [HistogramCell, Duration];

function durationsOf(metrics: GatewayMetrics, record: RequestRecord, labels: RequestLabels): readonly TimedCell[] {
  const { requests } = metrics;
  const latency = [...callLabels(labels), labels.requestedModel, labels.modelId, ...labels.own];
  const cells: TimedCell[] = [
    [requests.requestLatency.at(latency), 'whole'],
    [requests.selfLatency.at(['self']), 'whole'],
  ];
  if (record.upstreamMs === undefined) return cells;
  cells.push(
    [requests.queueTime.at(latency), 'queue'],
    [requests.upstreamLatency.at(latency), 'upstream'],
    [requests.overhead.at(placeLabels(record, labels)), 'own'],
    [requests.genAiDuration.at([...genAiLabels(record, labels), record.errorType ?? '']), 'upstream'],
  );
  return [...cells, ...contentCells(metrics, record, labels)];
}

/** Durations that only answers with content have. */
function contentCells(metrics: GatewayMetrics, record: RequestRecord, labels: RequestLabels): TimedCell[] {
  const { requests, deployments } = metrics;
  const cells: TimedCell[] = [];
  if (record.usage !== undefined) {
    const { model, modelId, keyHash, keyAlias, team, teamAlias } = labels;
    const where = [model, modelId, record.apiBase ?? none, providerLabel(record.apiBase)];
    cells.push([deployments.latencyPerToken.at([...where, keyHash, keyAlias, team, teamAlias]), 'perToken']);
  }
  if (!record.stream || record.firstContentMs === undefined) return cells;
  const latency = [...callLabels(labels), labels.requestedModel, labels.modelId, ...labels.own];
  cells.push(
    [requests.firstToken.at(latency), 'firstContent'],
    [requests.genAiFirstChunk.at(genAiLabels(record, labels)), 'firstContent'],
  );
  if (record.usage !== undefined) cells.push([requests.tokenGap.at([labels.requestedModel]), 'tokenGap']);
  return cells;
}

function callLabels({ keyHash, keyAlias, model, team, teamAlias, user, customer }: RequestLabels): readonly string[] {
  return [keyHash, keyAlias, model, team, teamAlias, user, customer];
}

function servedLabels(labels: RequestLabels): readonly string[] {
  return [...callLabels(labels), labels.email, none, labels.agent, labels.modelId, ...labels.own];
}

function placeLabels(record: RequestRecord, labels: RequestLabels): readonly string[] {
  const { requestedModel, model, keyHash, keyAlias, modelId } = labels;
  return [requestedModel, providerLabel(record.apiBase), record.apiBase ?? none, model, keyHash, keyAlias, modelId];
}

function genAiLabels({ route }: RequestRecord, { requestedModel, model }: RequestLabels): readonly string[] {
  return [operationLabel(route), 'openai', requestedModel, model];
}

/** Names that nobody configured are one series together, however many a client makes up. */
export function requestedLabel({ modelLabel, requestedModel }: RequestRecord): string {
  if (modelLabel !== undefined) return nameLabel(modelLabel);
  return requestedModel === undefined ? none : 'other';
}
