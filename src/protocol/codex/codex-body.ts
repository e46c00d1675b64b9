import { type CanonicalRequest, type InputItem, type JsonObject } from '../canonical/canonical-request';
import { type UpstreamBody } from '../canonical/upstream-body';
import { codexInput, withoutBreakpoints } from './codex-input';
import { assertSelfContained, droppedOnCodex, encryptedReasoning } from './codex-limits';
import { type CodexPlan } from './codex-plan';
import { developerMessage, promptIsInInput, promptOf } from './codex-prompt';
import { type CodexTools, liteTools, ordinaryTools } from './codex-tools';
import { effortUnder, inputUnder } from '../effort-ceiling';
import { clampEffort } from './effort';

/**
 * The body for the Codex backend: an allow-list, because it answers 400 to every field it does not know.
 * @returns also the fields it had to leave out, in the client's spelling, for the caller to list or refuse.
 * @throws {GatewayError} 400 for a request that only a host with stored responses can serve.
 */
export function codexBody(asked: CanonicalRequest, plan: CodexPlan): UpstreamBody {
  assertSelfContained(asked);
  const dropped = new Set(droppedOnCodex(asked));
  const unmarked = withoutBreakpoints(asked);
  if (unmarked !== asked) dropped.add('prompt_cache_breakpoint');
  const request = underCeiling(unmarked, plan);
  const tools = plan.profile === 'lite' ? liteTools(request) : ordinaryTools(request);
  for (const name of tools.dropped) dropped.add(name);
  const tier = serviceTier(request, plan, dropped);
  const text = textField(request, plan, dropped);
  const body: JsonObject = { model: plan.slug };
  if (plan.profile === 'lite') addLiteFields(body, request, plan, tools);
  else addOrdinaryFields(body, request, plan, tools);
  addGiven(body, 'reasoning', reasoningField(request, plan));
  for (const name of lostReasoning(request, plan)) dropped.add(name);
  body['store'] = false;
  body['stream'] = true;
  body['include'] = [encryptedReasoning];
  addGiven(body, 'prompt_cache_key', request.prompt_cache_key);
  addGiven(body, 'text', text);
  addGiven(body, 'service_tier', tier);
  addGiven(body, 'client_metadata', request.client_metadata);
  return { body, dropped: dropped.size === 0 ? nothing : [...dropped].sort() };
}

/** Takes out of a body of `codexBody` what a compaction in one call has no place for: it is one JSON answer that calls no tool. */
export function leaveToCompaction(body: JsonObject): void {
  for (const name of ['store', 'stream', 'include', 'tool_choice']) body[name] = undefined;
}

const nothing: readonly string[] = [];

function underCeiling(request: CanonicalRequest, { effortCeiling }: CodexPlan): CanonicalRequest {
  const input = inputUnder(effortCeiling, request.input);
  return input === request.input ? request : { ...request, input };
}

/** Member by member: this is the hot path, and spreading costs microseconds. */
function addGiven(body: JsonObject, name: string, value: unknown): void {
  if (value !== undefined) body[name] = value;
}

function addOrdinaryFields(
  body: JsonObject,
  request: CanonicalRequest,
  plan: CodexPlan,
  { tools, choice }: CodexTools,
): void {
  const { instructions, input } = promptOf(request, plan);
  body['instructions'] = instructions ?? promptIsInInput;
  body['input'] = codexInput(input, 'ordinary');
  // A choice without tools is refused; tools without a choice are not.
  if (request.tools === undefined) return;
  body['tools'] = tools;
  body['tool_choice'] = choice;
  body['parallel_tool_calls'] = plan.supportsParallelToolCalls && (request.parallel_tool_calls ?? true);
}

function addLiteFields(
  body: JsonObject,
  request: CanonicalRequest,
  plan: CodexPlan,
  { tools, choice }: CodexTools,
): void {
  const { instructions, input } = promptOf(request, plan);
  const lead: InputItem[] = [];
  if (tools.length > 0) lead.push({ type: 'additional_tools', role: 'developer', tools });
  if (instructions !== undefined) lead.push(developerMessage(instructions));
  body['input'] = [...lead, ...codexInput(input, 'lite')];
  body['tool_choice'] = choice;
  body['parallel_tool_calls'] = false;
}

/** Effort clamped to the model's; the request's own goes before the one of the model name. */
function reasoningField(request: CanonicalRequest, plan: CodexPlan): JsonObject | undefined {
  const asked = request.reasoning?.['effort'];
  const effort = effortUnder(plan.effortCeiling, typeof asked === 'string' ? asked : plan.effort);
  const summary = summaryOf(request, plan);
  const reasoning: JsonObject = {};
  if (effort !== undefined) reasoning['effort'] = clampEffort(effort, plan.efforts, plan.ultraEffort);
  if (summary !== undefined) reasoning['summary'] = summary;
  if (plan.profile === 'lite') reasoning['context'] = 'all_turns';
  return Object.keys(reasoning).length === 0 ? undefined : reasoning;
}

/** What of `reasoning` has no place in the body and would have changed the answer. A CLI means its own model, and has no choice. */
function lostReasoning({ reasoning }: CanonicalRequest, { profile, fromCodexCli }: CodexPlan): readonly string[] {
  if (reasoning === undefined || fromCodexCli) return nothing;
  const { mode, context } = reasoning;
  const lost: string[] = [];
  if ((mode ?? 'standard') !== 'standard') lost.push('reasoning.mode');
  if ((context ?? 'auto') !== 'auto' && (profile !== 'lite' || context !== 'all_turns')) lost.push('reasoning.context');
  return lost;
}

/** A caller that says nothing of reasoning gets its summary: all of it that can be shown. A CLI always says what it wants. */
function summaryOf({ reasoning }: CanonicalRequest, plan: CodexPlan): string | undefined {
  if (reasoning === undefined) return plan.fromCodexCli ? undefined : 'auto';
  const summary = reasoning['summary'] ?? reasoning['generate_summary'];
  return typeof summary === 'string' && summary !== 'none' ? summary : undefined;
}

function textField(request: CanonicalRequest, plan: CodexPlan, dropped: Set<string>): JsonObject | undefined {
  const { verbosity, format } = request.text ?? {};
  const text: JsonObject = {};
  if (typeof verbosity === 'string') {
    if (plan.supportsVerbosity) text['verbosity'] = verbosity;
    else dropped.add('verbosity');
  }
  if (format !== undefined && format !== null) text['format'] = format;
  return Object.keys(text).length === 0 ? undefined : text;
}

/** The backend knows one tier besides its own default; `fast` is the CLI's name for it. */
function serviceTier(request: CanonicalRequest, plan: CodexPlan, dropped: Set<string>): string | undefined {
  const asked = request.service_tier;
  if (asked === undefined || asked === 'auto' || asked === 'default') return undefined;
  if ((asked === 'priority' || asked === 'fast') && plan.serviceTiers.includes('priority')) return 'priority';
  dropped.add('service_tier');
  return undefined;
}
