import { type Deployment } from '../../config/deployment';
import { type RoutingSettings } from '../../config/routing-settings';
import { invalidRequest } from '../../kernel/errors';
import { UpstreamFailure } from '../../kernel/upstream-failure';

/** What of a call decides which deployments may serve it. */
export interface Asking {
  readonly tags: readonly string[];
  readonly userAgent: string;
  /** Accounts or deployments that the caller is held to; undefined: all. */
  readonly heldTo: readonly string[] | undefined;
}

/** A user agent is as long as its sender likes; patterns are not. */
const mostMatched = 512;

/**
 * The deployments of a group that a call may go to at all, whatever their state: those that its key is held to, then those
 * with its tags.
 *
 * @throws {GatewayError} 400 when tags lead nowhere; 403-like refusals are the caller's part.
 */
export function eligible(
  deployments: readonly Deployment[],
  asking: Asking,
  { tags }: Pick<RoutingSettings, 'tags'>,
): readonly Deployment[] {
  const { heldTo } = asking;
  const held =
    heldTo === undefined
      ? deployments
      : deployments.filter(({ id, credential }) => heldTo.includes(id) || heldTo.includes(credential.name));
  return tags.isOn ? tagged(held, asking, tags.matchAny) : held;
}

function tagged(deployments: readonly Deployment[], asking: Asking, matchAny: boolean): readonly Deployment[] {
  const usual = deployments.filter(({ routing }) => routing?.tags?.includes('default') === true);
  const byTag = asking.tags.length === 0 ? [] : deployments.filter((each) => hasTags(each, asking.tags, matchAny));
  if (byTag.length > 0) return byTag;
  const line = `User-Agent: ${asking.userAgent.slice(0, mostMatched)}`;
  const byPattern = deployments.filter(({ routing }) => routing?.tagPatterns?.some((pattern) => pattern.test(line)));
  if (byPattern.length > 0) return byPattern;
  if (usual.length > 0) return usual;
  if (asking.tags.length === 0 || deployments.length === 0) return deployments;
  throw invalidRequest(
    'No deployment of this model carries the tags of the request (body, x-litellm-tags, or key), and none is tagged "default".',
    'tags',
    'no_deployment_with_tags',
  );
}

function hasTags({ routing }: Deployment, wanted: readonly string[], matchAny: boolean): boolean {
  const own = routing?.tags ?? [];
  const isOwn = (tag: string): boolean => own.includes(tag);
  return matchAny ? wanted.some(isOwn) : wanted.every(isOwn);
}

/** The input of a call as far as its length is known without a tokenizer. */
export interface InputSize {
  /** A quarter of the characters. */
  readonly tokens: number;
}

/**
 * Leaves out deployments whose context window is smaller than the input.
 *
 * @param windowOf tokens; undefined when nobody knows.
 * @throws {UpstreamFailure} `context_too_long` that names model, limit and count, when none is left.
 */
export function withRoomFor(
  deployments: readonly Deployment[],
  { tokens }: InputSize,
  requestedModel: string,
  windowOf: (deployment: Deployment) => number | undefined,
): readonly Deployment[] {
  let widest = 0;
  const roomy = deployments.filter((each) => {
    const window = each.routing?.maxInputTokens ?? windowOf(each) ?? Number.POSITIVE_INFINITY;
    widest = Math.max(widest, window);
    return tokens <= window;
  });
  if (roomy.length > 0 || deployments.length === 0) return roomy;
  throw new UpstreamFailure({
    kind: 'context_too_long',
    code: 'context_length_exceeded',
    message: `The input is about ${tokens} tokens long, and no deployment of '${requestedModel}' takes more than ${widest}. Send less, or ask for a model with a wider context window.`,
  });
}
