import { wellFormed } from '../kernel/well-formed';
import { droppedOnCodex } from '../protocol/codex/codex-limits';
import { type Call, requestedModelOf } from './call';
import { type RoutedAnswer } from '../routing/router';
import { type OpenedCall } from '../routing/try-plan';
import { type Progress } from './progress';

/** Headers of a successful answer: LiteLLM's names for what they name, ours for the rest. Values are header-safe. */
export function answerHeaders(call: Call, routed: RoutedAnswer, dropped: readonly string[]): Record<string, string> {
  const { deployment, answer, retries, fallbacks } = routed;
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
  const passed = answer.passHeaders;
  for (const name in passed) headers[name] = passed[name] ?? '';
  addDropped(headers, dropped);
  addRemapped(headers, answer.model);
  return headers;
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
  if (dropped.length > 0) headers['x-codex-gateway-dropped-params'] = headerSafe(dropped.join(','));
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

/** Half of a surrogate pair cannot be encoded: by now the answer is paid for, and a name must not lose it. */
function headerSafe(text: string): string {
  return /^[\x20-\x7e]*$/.test(text) ? text : encodeURIComponent(wellFormed(text));
}
