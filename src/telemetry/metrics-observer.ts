import { Memo } from '../kernel/memo';
import { dollarsFromNanos } from '../kernel/money';
import { type DeploymentFacts } from '../kernel/observations';
import { type AttemptRecord, type RequestRecord } from '../kernel/observer';
import { accessLevel, accessLine, foreign } from './access-line';
import { AttemptSeries } from './attempt-series';
import { EventObserver } from './event-observer';
import { type GatewayMetrics } from './gateway-metrics';
import { agentLabel, nameLabel, paramLabel } from './label-values';
import { type LimitBook } from './limit-book';
import { type GatewayLogger } from './logger';
import { RequestFeed } from './request-feed';
import { requestedLabel, RequestSeries } from './request-series';

/** Kinds of requests and user agents that are remembered; beyond it the memory starts anew. */
const remembered = 2_000;
/** Characters of a user agent that is remembered. */
const longestAgent = 256;

/**
 * Requests as metrics and as one access-log line each. Client addresses are never labels (`client_ip` is always None):
 * they would give every metric as many series as there are clients.
 */
export class MetricsObserver extends EventObserver {
  private readonly requestSeries = new Memo<string, RequestSeries>(remembered);
  private readonly attemptSeries = new Memo<string, AttemptSeries>(remembered);
  private readonly agents = new Memo<string, Agent>(remembered);

  constructor(
    metrics: GatewayMetrics,
    private readonly logger: GatewayLogger,
    limitBook: LimitBook,
    private readonly feed = new RequestFeed(),
  ) {
    super(metrics, limitBook);
  }

  override deploymentsAre(deployments: readonly DeploymentFacts[]): void {
    super.deploymentsAre(deployments);
    // They hold on to gauges that may have been dropped.
    this.attemptSeries.clear();
  }

  requestEnded(record: RequestRecord): void {
    const agent = this.agentOf(record.userAgent);
    this.seriesOf(record, agent.label).count(record);
    this.countOddities(record);
    const level = accessLevel(record);
    if (this.logger.logs(level)) this.logger.access(level, accessLine(record, agent.shown));
    this.feed.tell(record);
  }

  attemptEnded(record: AttemptRecord): void {
    const key = AttemptSeries.keyOf(this.metrics, record);
    const series = this.attemptSeries.get(key) ?? new AttemptSeries(this.metrics, record);
    if (series.isLasting) this.attemptSeries.set(key, series);
    series.count(record);
  }

  private countOddities(record: RequestRecord): void {
    const { requests } = this.metrics;
    if (isStreamEnd(record)) requests.streamEnds.add([record.end]);
    for (const param of record.droppedParams) requests.droppedParams.add([paramLabel(param)]);
    if (record.remappedFrom !== undefined) requests.remappedModels.add([nameLabel(record.remappedFrom)]);
    // A compaction is one sealed item; nobody tells what it used.
    const tellsUsage = record.end === 'completed' && !record.route.endsWith('/compact');
    const isTold = record.usage !== undefined && record.usageIsEstimated !== true;
    if (!isTold && tellsUsage) requests.usageMissing.add([requestedLabel(record)]);
    const { cacheSavedNanos: saved } = record;
    if (saved !== undefined) requests.cacheSaved.add([requestedLabel(record)], dollarsFromNanos(saved));
  }

  private seriesOf(record: RequestRecord, agent: string): RequestSeries {
    const key = RequestSeries.keyOf(this.metrics, record, agent);
    const known = this.requestSeries.get(key);
    if (known !== undefined) return known;
    const series = new RequestSeries(this.metrics, record, agent);
    if (series.isLasting) this.requestSeries.set(key, series);
    return series;
  }

  private agentOf(userAgent: string): Agent {
    const known = this.agents.get(userAgent);
    if (known !== undefined) return known;
    const agent = { label: agentLabel(userAgent), shown: foreign(userAgent) ?? '' };
    // A header may be long; what is made up for one request is not worth keeping.
    if (userAgent.length <= longestAgent) this.agents.set(userAgent, agent);
    return agent;
  }
}

/** Of a request that failed before its stream began the client was told by a status. */
function isStreamEnd({ stream, end, isBegun }: RequestRecord): boolean {
  return stream && end !== 'refused' && (end !== 'failed' || isBegun !== false);
}

/** A client program: its family for labels, its own words for the log. */
interface Agent {
  readonly label: string;
  readonly shown: string;
}
