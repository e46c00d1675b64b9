import { type AttemptRecord, Observer, type RequestRecord } from '../kernel/observer';
import { type Principal } from '../kernel/principal';
import { type TokenUsage } from '../kernel/usage';
import { type GatewayMetrics } from './gateway-metrics';
import { agentLabel, exceptionClass, failureStatus, providerLabel } from './label-values';
import { type GatewayLogger, scrub } from './logger';

/** What a label reads when there is no value. */
const none = 'None';

/** The label values that several metrics of one request share. */
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

/**
 * Requests as metrics and as one access-log line each. Client addresses are never labels (`client_ip` is always None):
 * they would give every metric as many series as there are clients.
 */
export class MetricsObserver extends Observer {
  constructor(
    private readonly metrics: GatewayMetrics,
    private readonly logger: GatewayLogger,
  ) {
    super();
  }

  requestEnded(record: RequestRecord): void {
    const labels = this.labelsOf(record);
    this.countRequest(record, labels);
    if (record.deploymentId !== undefined) this.countAnswer(record, labels);
    if (record.stream && record.end !== 'refused') this.metrics.streamEnds.add([record.end]);
    for (const param of record.droppedParams) this.metrics.droppedParams.add([param]);
    if (record.remappedFrom !== undefined) this.metrics.remappedModels.add([record.remappedFrom]);
    this.logger.access(accessLine(record));
  }

  attemptEnded(record: AttemptRecord): void {
    const { deploymentId, apiBase, upstreamModel, failure } = record;
    const model = [record.modelLabel, upstreamModel, deploymentId, apiBase, providerLabel(apiBase)];
    const labels = [...model, none, none, none, none, none, none];
    this.metrics.deploymentTotal.add(labels);
    if (failure === undefined) {
      this.metrics.deploymentSuccess.add(labels);
      return;
    }
    const status = failureStatus(failure, record.upstreamStatus);
    this.metrics.deploymentFailure.add([...labels, String(status), exceptionClass(status)]);
  }

  private labelsOf(record: RequestRecord): RequestLabels {
    return {
      ...holderLabels(record.principal),
      requestedModel: requestedLabel(record),
      model: record.deploymentId === undefined ? none : (record.upstreamModel ?? none),
      modelId: record.deploymentId ?? none,
      agent: record.principal === undefined ? none : agentLabel(record.userAgent),
    };
  }

  private countRequest(record: RequestRecord, labels: RequestLabels): void {
    const { keyHash, keyAlias, requestedModel, team, user, agent, modelId } = labels;
    const who = [none, keyHash, keyAlias, requestedModel, team, none, user, none];
    const shared = [...who, record.route, none, agent, modelId];
    this.metrics.proxyTotal.add([...shared, String(record.status)]);
    if (record.errorCode === undefined) return;
    this.metrics.proxyFailed.add([...shared, String(record.status), exceptionClass(record.status)]);
  }

  private countAnswer(record: RequestRecord, labels: RequestLabels): void {
    const { keyHash, keyAlias, requestedModel, model, team, user, agent, modelId } = labels;
    const shared = [keyHash, keyAlias, model, team, none, user, none];
    this.metrics.requests.add([...shared, none, none, agent, modelId]);
    if (record.usage !== undefined) this.countTokens(record.usage, [...shared, none, requestedModel, modelId]);
    const latency = [...shared, requestedModel, modelId];
    this.metrics.requestLatency.record(latency, record.durationMs);
    if (record.stream && record.firstContentMs !== undefined)
      this.metrics.firstToken.record(latency, record.firstContentMs);
    if (record.upstreamMs === undefined) return;
    this.metrics.upstreamLatency.record(latency, record.upstreamMs);
    const place = [requestedModel, providerLabel(record.apiBase), record.apiBase ?? none, model];
    this.metrics.overhead.record(
      [...place, keyHash, keyAlias, modelId],
      Math.max(0, record.durationMs - record.upstreamMs),
    );
  }

  private countTokens(usage: TokenUsage, labels: readonly string[]): void {
    this.metrics.inputTokens.add(labels, usage.inputTokens);
    this.metrics.outputTokens.add(labels, usage.outputTokens);
    this.metrics.totalTokens.add(labels, usage.inputTokens + usage.outputTokens);
  }
}

function holderLabels(principal: Principal | undefined): Pick<RequestLabels, 'keyHash' | 'keyAlias' | 'team' | 'user'> {
  return {
    keyHash: principal?.keyHash ?? none,
    keyAlias: principal?.keyAlias ?? none,
    team: principal?.teamId ?? none,
    user: principal?.userId ?? none,
  };
}

function accessLine(record: RequestRecord): Record<string, string | number | boolean | readonly string[] | undefined> {
  const { principal, usage } = record;
  return {
    requestId: record.requestId,
    route: record.route,
    status: record.status,
    end: record.end,
    errorCode: record.errorCode,
    model: foreign(record.requestedModel),
    upstreamModel: record.upstreamModel,
    deployment: record.deploymentId,
    stream: record.stream,
    keyHash: principal?.keyHash.slice(0, 16),
    inputTokens: usage?.inputTokens,
    cachedTokens: usage?.cachedInputTokens,
    outputTokens: usage?.outputTokens,
    attempts: record.attempts,
    durationMs: Math.round(record.durationMs),
    upstreamMs: rounded(record.upstreamMs),
    firstContentMs: rounded(record.firstContentMs),
    dropped: record.droppedParams.length === 0 ? undefined : record.droppedParams,
    remappedFrom: foreign(record.remappedFrom),
    clientIp: record.clientIp,
    userAgent: foreign(record.userAgent),
  };
}

function rounded(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms);
}

/** Text that a client chose. */
function foreign(text: string | undefined): string | undefined {
  return text === undefined ? undefined : scrub(text.slice(0, 120));
}

/** Names that nobody configured are one series together, however many a client makes up. */
function requestedLabel({ modelLabel, requestedModel }: RequestRecord): string {
  return modelLabel ?? (requestedModel === undefined ? none : 'other');
}
