import { type CanonicalRequest, type JsonObject, type ToolDefinition } from '../canonical/canonical-request';
import { isJsonObject, optionalText } from '../json-guards';
import { shownName } from '../unserved-fields';

/** Tools and their fields for a body, and what had to go. */
export interface CodexTools {
  readonly tools: readonly ToolDefinition[];
  readonly choice: unknown;
  readonly dropped: readonly string[];
}

/** The tools of an ordinary request: whatever was declared. A call that is forced where there is no tool cannot be sent. */
export function ordinaryTools({ tools, tool_choice: choice }: CanonicalRequest): CodexTools {
  const dropped = tools === undefined && isForced(choice) ? ['tool_choice'] : [];
  return { tools: tools ?? [], choice: choice ?? 'auto', dropped };
}

/**
 * The tools of a lite request. Hosted tools are not served there and the choice is always `auto`, so a choice is told by
 * what is declared: `none` declares nothing, `allowed_tools` only what it allows. A forced call cannot be told.
 */
export function liteTools(request: CanonicalRequest): CodexTools {
  const dropped: string[] = [];
  const allowed = allowedNames(request.tool_choice);
  const tools: ToolDefinition[] = [];
  for (const tool of request.tools ?? []) {
    if (isHosted(tool)) dropped.push(`tools.${shownName(tool.type)}`);
    else if (allowed === undefined || allowed.has(String(tool['name']))) tools.push(tool);
  }
  if (isForced(request.tool_choice)) dropped.push('tool_choice');
  return { tools: request.tool_choice === 'none' ? [] : tools, choice: 'auto', dropped };
}

function isHosted(tool: ToolDefinition): boolean {
  if (tool.type === 'tool_search') return tool['execution'] !== 'client';
  return tool.type !== 'function' && tool.type !== 'custom' && tool.type !== 'namespace';
}

function isForced(choice: unknown): boolean {
  if (!isJsonObject(choice)) return choice === 'required';
  return choice['type'] !== 'allowed_tools' || choice['mode'] === 'required';
}

function allowedNames(choice: unknown): ReadonlySet<string> | undefined {
  if (!isJsonObject(choice) || choice['type'] !== 'allowed_tools' || !Array.isArray(choice['tools'])) return undefined;
  return new Set(
    choice['tools'].filter(isJsonObject).map((tool: JsonObject) => optionalText(tool['name'], 'tool_choice') ?? ''),
  );
}
