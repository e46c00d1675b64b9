import { type CanonicalRequest, type InputItem } from '../canonical/canonical-request';
import { isJsonObject } from '../json-guards';
import { trimAscii } from '../wire/wire-trim';
import { type CodexPlan } from './codex-plan';
import { withoutForeignPrompt } from './foreign-prompts';

/** What leads the model, and the input that is left. */
export interface Prompted {
  /** Never empty; undefined only when the input already brings the prompt. */
  readonly instructions: string | undefined;
  readonly input: readonly InputItem[];
}

/** Stands in where the backend insists on instructions and the caller has none. */
const plainInstructions = 'You are a helpful assistant. Follow the messages of the conversation.';

const toolBridge =
  'Call only the tools that this request declares, by their exact names and with arguments that fit their schemas. ' +
  'Tools that are merely mentioned elsewhere in these instructions do not exist here.';

/** Shorter texts than this may stand in a caller's words by chance. */
const shortestRepeated = 200;

/** Decides between the official prompt and the caller's own words (`CODEX_MODE`). */
export function promptOf(request: CanonicalRequest, plan: CodexPlan): Prompted {
  if (plan.fromCodexCli && request.instructions !== undefined) {
    return { instructions: request.instructions, input: request.input };
  }
  if (bringsPrompt(request, plan)) return { instructions: undefined, input: request.input };
  return plan.officialMode ? officialPrompt(request, plan) : ownPrompt(request);
}

/** Whether `promptOf` will put the official instructions in, so that they must be had before. */
export function needsOfficialPrompt(
  request: CanonicalRequest,
  plan: Pick<CodexPlan, 'officialMode' | 'fromCodexCli'>,
): boolean {
  return plan.officialMode && !bringsPrompt(request, plan);
}

/** The input for a backend that insists on instructions even where the CLI's own prompt leads as a message. */
export const promptIsInInput = 'Follow the developer messages of this conversation.';

function bringsPrompt(
  { instructions, input }: CanonicalRequest,
  { fromCodexCli }: Pick<CodexPlan, 'fromCodexCli'>,
): boolean {
  return fromCodexCli && (instructions !== undefined || leadingPrompts(input).length > 0);
}

/** The official text, then the caller's own, but neither the same text again nor one that contradicts it all along. */
function officialPrompt(request: CanonicalRequest, plan: CodexPlan): Prompted {
  const official = plan.instructions === '' ? plainInstructions : plan.instructions;
  const own = request.instructions === undefined ? [] : [developerMessage(request.instructions)];
  const given = [...own, ...request.input];
  const leading = own.length + leadingPrompts(request.input).length;
  const hasTools = (request.tools?.length ?? 0) > 0;
  const input = given.flatMap((item, place) => (place > leading ? [item] : cleaned(item, official, hasTools)));
  return { instructions: official, input: input.length === 0 ? given : input };
}

/** The item itself when there is nothing to take out of it. What a foreign prompt said of tools is said anew in a sentence. */
function cleaned(item: InputItem, official: string, hasTools: boolean): readonly InputItem[] {
  const text = promptText(item);
  if (text === undefined) return [item];
  const once = withoutRepetition(text, official);
  const own = withoutForeignPrompt(once);
  if (own === undefined && once === text) return [item];
  const rest = trimAscii(own ?? once);
  const words = own !== undefined && hasTools ? [toolBridge, rest] : [rest];
  const left = words.filter((part) => part !== '').join('\n\n');
  return left === '' ? [] : [{ ...item, content: [{ type: 'input_text', text: left }] }];
}

function withoutRepetition(text: string, official: string): string {
  const core = trimAscii(official);
  return core.length < shortestRepeated ? text : text.replaceAll(core, () => '');
}

function ownPrompt(request: CanonicalRequest): Prompted {
  const leading = leadingPrompts(request.input);
  // A conversation of nothing but prompts keeps them where they are: the input must not become empty. So does one that
  // brings its tools as its first item, which must stay first.
  const liftable = leading.length < request.input.length && request.input[0]?.type !== 'additional_tools';
  const lifted = liftable ? leading : [];
  const texts = request.instructions === undefined ? lifted : [request.instructions, ...lifted];
  const own = texts.length === 0 ? plainInstructions : texts.join('\n\n');
  const bridged = (request.tools?.length ?? 0) > 0 ? `${own}\n\n${toolBridge}` : own;
  return { instructions: bridged, input: lifted.length === 0 ? request.input : request.input.slice(lifted.length) };
}

/** Texts of the system and developer messages before anything else; stops at the first that is more than text. */
function leadingPrompts(input: readonly InputItem[]): readonly string[] {
  const texts: string[] = [];
  for (const item of input) {
    // The lite profile's tools stand before its prompt.
    if (item.type === 'additional_tools' && texts.length === 0) continue;
    const text = promptText(item);
    if (text === undefined) break;
    texts.push(text);
  }
  return texts;
}

function promptText(item: InputItem): string | undefined {
  const { type, role, content } = item;
  if (type !== 'message' || (role !== 'developer' && role !== 'system') || !Array.isArray(content)) return undefined;
  const texts: string[] = [];
  for (const part of content as readonly unknown[]) {
    const text = isJsonObject(part) && part['type'] === 'input_text' ? part['text'] : undefined;
    if (typeof text !== 'string') return undefined;
    texts.push(text);
  }
  return texts.join('\n');
}

/** A developer message of one text. */
export function developerMessage(text: string): InputItem {
  return { type: 'message', role: 'developer', content: [{ type: 'input_text', text }] };
}
