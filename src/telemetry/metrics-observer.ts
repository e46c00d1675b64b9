import { type AttemptRecord, Observer, type RequestRecord } from '../kernel/observer';
import { type GatewayMetrics } from './gateway-metrics';
import { agentLabel, exceptionClass, failureStatus, nameLabel } from './label-values';
import { AttemptSeries, RequestSeries } from './request-series';
import { type GatewayLogger, scrub } from './logger';

/** Kinds of requests and user agents that are remembered; beyond it the memory starts anew. */
const remembered = 2_000;

/**
 * Requests as metrics and as one access-log line each. Client addresses are never labels (`client_ip` is always None):
 * they would give every metric as many series as there are clients.
 */
export class MetricsObserver extends Observer {
  private readonly requestSeries = new Map<string, RequestSeries>();
  private readonly attemptSeries = new Map<string, AttemptSeries>();
  private readonly agents = new Map<string, Agent>();

  constructor(
    private readonly metrics: GatewayMetrics,
    private readonly logger: GatewayLogger,
  ) {
    super();
  }

  requestEnded(record: RequestRecord): void {
    const agent = this.agentOf(record.userAgent);
    this.seriesOf(record, agent.label).count(record);
    if (record.stream && record.end !== 'refused') this.metrics.streamEnds.add([record.end]);
    for (const param of record.droppedParams) this.metrics.droppedParams.add([param]);
    if (record.remappedFrom !== undefined) this.metrics.remappedModels.add([nameLabel(record.remappedFrom)]);
    if (this.logger.logsAccess) this.logger.access(accessLine(record, agent.shown));
  }

  attemptEnded(record: AttemptRecord): void {
    const { deploymentId, apiBase, upstreamModel, failure } = record;
    const key = `${nameLabel(record.modelLabel)}\n${nameLabel(upstreamModel)}\n${deploymentId}\n${apiBase}`;
    const series = this.attemptSeries.get(key) ?? new AttemptSeries(this.metrics, record);
    if (series.isLasting) remember(this.attemptSeries, key, series);
    series.total.value += 1;
    if (failure === undefined) {
      series.success.value += 1;
      return;
    }
    const status = failureStatus(failure, record.upstreamStatus);
    this.metrics.deploymentFailure.add([...series.labels, String(status), exceptionClass(status)]);
  }

  private seriesOf(record: RequestRecord, agent: string): RequestSeries {
    const key = RequestSeries.keyOf(record, agent);
    const known = this.requestSeries.get(key);
    if (known !== undefined) return known;
    const series = new RequestSeries(this.metrics, record, agent);
    if (series.isLasting) remember(this.requestSeries, key, series);
    return series;
  }

  private agentOf(userAgent: string): Agent {
    const known = this.agents.get(userAgent);
    if (known !== undefined) return known;
    const agent = { label: agentLabel(userAgent), shown: foreign(userAgent) ?? '' };
    remember(this.agents, userAgent, agent);
    return agent;
  }
}

/** A client program: its family for labels, its own words for the log. */
interface Agent {
  readonly label: string;
  readonly shown: string;
}

function remember<Value>(memory: Map<string, Value>, key: string, value: Value): void {
  if (memory.size >= remembered) memory.clear();
  memory.set(key, value);
}

function accessLine(
  record: RequestRecord,
  userAgent: string,
): Record<string, string | number | boolean | readonly string[] | undefined> {
  const { principal, usage } = record;
  const model = foreign(record.requestedModel);
  return {
    requestId: record.requestId,
    route: record.route,
    status: record.status,
    end: record.end,
    errorCode: record.errorCode,
    model,
    upstreamModel: record.upstreamModel === record.requestedModel ? model : foreign(record.upstreamModel),
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
    userAgent,
  };
}

function rounded(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms);
}

/** Text that a client chose. */
function foreign(text: string | undefined): string | undefined {
  return text === undefined ? undefined : scrub(text.slice(0, 120));
}
