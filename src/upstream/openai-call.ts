import { type Deployment } from '../config/deployment';
import { type AccessToken } from '../auth/access-tokens';
import { uncataloguedModel } from '../models/catalog-entry';
import { type CanonicalRequest } from '../protocol/canonical/canonical-request';
import { effortUnder } from '../protocol/effort-ceiling';
import { openAiBody } from '../protocol/openai/openai-body';
import { withDefaults } from './deployment-defaults';
import { encodeWire } from '../protocol/wire/wire-text';
import { nativeBody } from './native-body';
import { type PreparedCall } from './prepared-call';
import { type CanonicalCall, type UpstreamCall } from './upstream';
import { writtenBody } from './written-body';

/** Makes a call for any host of the OpenAI Responses API. Always a stream: whole answers are folded from it here. */
export function openAiCall(deployment: Deployment, call: UpstreamCall, userAgent: string): PreparedCall {
  const slug = deployment.upstreamModel;
  const { body, dropped } =
    call.kind === 'native' ? { body: nativeBody(call, slug), dropped: [] } : written(deployment, call);
  return {
    model: uncataloguedModel(slug),
    url: `${deployment.apiBase}/responses`,
    body,
    headersFor: (token) => openAiHeaders(userAgent, token),
    droppedParams: dropped,
    instructions: undefined,
  };
}

function written(deployment: Deployment, call: CanonicalCall): { body: Buffer; dropped: readonly string[] } {
  const slug = call.isWire ? encodeWire(deployment.upstreamModel) : deployment.upstreamModel;
  const { body, dropped } = openAiBody(underCeiling(withDefaults(call, deployment), call.effortCeiling), slug, true);
  return { body: writtenBody(body, call.isWire), dropped };
}

function underCeiling(request: CanonicalRequest, ceiling: string | undefined): CanonicalRequest {
  if (ceiling === undefined) return request;
  const asked = request.reasoning?.['effort'];
  const effort = effortUnder(ceiling, typeof asked === 'string' ? asked : undefined);
  return effort === asked ? request : { ...request, reasoning: { ...request.reasoning, effort } };
}

/** Says nothing of Codex: neither identity headers nor an account belong to a foreign host. */
function openAiHeaders(userAgent: string, token: AccessToken | undefined): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: 'text/event-stream',
    'user-agent': userAgent,
  };
  if (token !== undefined) headers['authorization'] = `Bearer ${token.bearer}`;
  return headers;
}
