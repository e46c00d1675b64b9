import { headerSafe } from '../kernel/well-formed';
import { droppedOnCodex } from '../protocol/codex/codex-limits';
import { type Call, requestedModelOf } from './call';
import { answerMoneyHeaders } from '../reports/limits/answer-money-headers';
import { type Routed, type RoutedAnswer } from '../routing/router';
import { type OpenedCall } from '../routing/try-plan';
import { type Progress } from './progress';
import { type Bill } from './settlement';
import { type Ticket } from './ticket';

/** Headers of a successful answer: LiteLLM's names for what they name, ours for the rest. Values are header-safe. */
export function answerHeaders(call: Call, routed: RoutedAnswer, dropped: readonly string[]): Record<string, string> {
  const { answer } = routed;
  const headers = routedHeaders(call, routed);
  const passed = answer.passHeaders;
  for (const name in passed) headers[name] = passed[name] ?? '';
  addDropped(headers, dropped);
  addRemapped(headers, answer.model);
  return headers;
}

/** Who answered, after how much trying. */
export function routedHeaders(call: Call, routed: Routed): Record<string, string> {
  const { deployment, retries, fallbacks } = routed;
  const headers: Record<string, string> = {
    'x-litellm-model-id': headerSafe(deployment.id),
    'x-litellm-model-group': headerSafe(answeringModel(call, routed)),
    'x-litellm-model-api-base': headerSafe(deployment.apiBase),
    'x-litellm-attempted-retries': String(retries),
    'x-litellm-attempted-fallbacks': String(fallbacks),
  };
  if (retries > 0) headers['x-litellm-max-retries'] = String(routed.maxRetries);
  if (fallbacks > 0) headers['x-litellm-max-fallbacks'] = String(routed.maxFallbacks);
  if (routed.reasoningDropped > 0) Object.assign(headers, reasoningDroppedHeader(routed.reasoningDropped));
  return headers;
}

/** Limits and money; a stream's headers leave before its cost is known. @param nowMs on the Unix clock. */
export function moneyHeaders(
  call: Call,
  ticket: Ticket | undefined,
  nowMs: number,
  { cost, adjustment }: Partial<Pick<Bill, 'cost' | 'adjustment'>> = {},
): Record<string, string> {
  if (ticket === undefined || (ticket.limits.length === 0 && cost === undefined)) return {};
  return answerMoneyHeaders({
    limits: ticket.limits,
    heldNanos: ticket.granted.nanos,
    ...(cost === undefined ? {} : { cost }),
    ...(adjustment === undefined ? {} : { adjustment }),
    isCodexCli: call.context.isCodexCli,
    nowMs,
  });
}

/**
 * What the attempt under way changes of the request, for headers that have to leave before anybody has answered. What only
 * its model does not take is known once the upstream has taken the request.
 */
export function earlyAnswerHeaders(call: Call, progress: Progress): Record<string, string> {
  const { deployment, opened, droppedParams, reasoningDropped } = progress;
  const headers = reasoningDropped > 0 ? reasoningDroppedHeader(reasoningDropped) : {};
  const asked =
    call.dialect === 'native' || deployment?.provider !== 'codex' ? [] : droppedOnCodex(call.client.canonical);
  addDropped(headers, allDropped(droppedParams, opened?.droppedParams ?? asked));
  if (opened !== undefined) addRemapped(headers, opened.model);
  return headers;
}

function addDropped(headers: Record<string, string>, dropped: readonly string[]): void {
  if (dropped.length > 0) Object.assign(headers, droppedHeader(dropped));
}

/** Parameters that were left out; nothing when none were. */
export function droppedHeader(dropped: readonly string[]): Record<string, string> {
  return dropped.length === 0 ? {} : { 'x-codex-gateway-dropped-params': headerSafe(dropped.join(',')) };
}

function addRemapped(headers: Record<string, string>, { remappedFrom, slug }: OpenedCall['model']): void {
  if (remappedFrom !== undefined) headers['x-codex-gateway-model-remapped'] = headerSafe(`${remappedFrom} -> ${slug}`);
}

/**
 * How long a whole answer took, and what of that was the gateway's own: the time before the first attempt and after the last event.
 * Times in monotonic milliseconds. @param heardMs when the upstream had said everything.
 */
export function durationHeaders(progress: Progress, heardMs: number, nowMs: number): Record<string, string> {
  const { startedMs, upstreamStartedMs = heardMs } = progress;
  const tookMs = nowMs - startedMs;
  return {
    'x-litellm-response-duration-ms': tookMs.toFixed(2),
    'x-litellm-overhead-duration-ms': (tookMs - (heardMs - upstreamStartedMs)).toFixed(2),
  };
}

/** The conversation had to leave the account that could read its reasoning. @param count of the items left out. */
function reasoningDroppedHeader(count: number): Record<string, string> {
  return { 'x-codex-gateway-reasoning-dropped': String(count) };
}

/** The name that the client asked for, unless another group had to answer. */
export function answeringModel(call: Call, { fallbacks, route }: Pick<RoutedAnswer, 'fallbacks' | 'route'>): string {
  return fallbacks > 0 ? route.requestedModel : requestedModelOf(call);
}

/** The call as it was put to who answered: a fallback may bring its own tools and stop sequences, which go by its own names. */
export function answeredCall(call: Call, { ownFallback }: Pick<RoutedAnswer, 'ownFallback'>): Call {
  if (call.dialect === 'native' || ownFallback === undefined) return call;
  const client = call.wishes?.fallbacks?.[ownFallback]?.client;
  return client === undefined ? call : { ...call, client };
}

/** Longest list of dropped fields that a header should carry. */
const maxListed = 32;

/** Parameter names of the edge and of the upstream, sorted, each once; at most 32. */
export function allDropped(edge: readonly string[], upstream: readonly string[]): readonly string[] {
  if (upstream.length === 0) return edge;
  return [...new Set([...edge, ...upstream])].sort().slice(0, maxListed);
}
