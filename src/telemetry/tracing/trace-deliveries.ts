import { type GatewayMetrics } from '../gateway-metrics';
import { type GatewayLogger } from '../logger';
import { type TraceDelivery } from './watched-exporter';

/** Counts the spans that left and those that were lost, and says in the log when that changes: one line each way. */
export function deliveryTeller(
  logger: Pick<GatewayLogger, 'event'>,
  { state }: Pick<GatewayMetrics, 'state'>,
): (delivery: TraceDelivery) => void {
  let isLosing = false;
  return ({ spans, lost }) => {
    state.traceSpans.add([lost === undefined ? 'sent' : 'lost'], spans);
    if (isLosing === (lost !== undefined)) return;
    isLosing = lost !== undefined;
    if (isLosing)
      logger.event('warn', 'traces do not arrive and are lost: check OTEL_EXPORTER_OTLP_ENDPOINT', { code: lost });
    else logger.event('info', 'traces arrive again', {});
  };
}
