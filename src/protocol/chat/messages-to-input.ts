import { invalidRequest } from '../../kernel/errors';
import { type InputItem, type JsonObject } from '../canonical/canonical-request';
import { optionalText, requireArray, requireObject, requireText } from '../json-guards';
import { orphanMessage } from '../orphan-output';
import { assistantParts, inputParts, outputText, toolOutput } from './content-parts';
import { type ToolNames } from '../tool-names';

/** A call that the assistant made, as later results must name it. */
interface KnownCall {
  readonly outputType: 'function_call_output' | 'custom_tool_call_output';
}

const functionCall: KnownCall = { outputType: 'function_call_output' };
const customCall: KnownCall = { outputType: 'custom_tool_call_output' };

/** Turns chat messages into input items in one pass, pairing tool results with the calls before them. */
export class MessageMapper {
  private readonly input: InputItem[] = [];
  private readonly calls = new Map<string, KnownCall>();
  /** Legacy function name → id that we gave its latest call, which has none of its own. */
  private readonly legacyCalls = new Map<string, string>();
  private named = false;

  constructor(
    private readonly names: ToolNames,
    private readonly maxImageBytes: number,
  ) {}

  /** Some of those who spoke have a name, for which input items have no place. */
  get losesNames(): boolean {
    return this.named;
  }

  /** @throws {GatewayError} 400 naming the message or part at fault. */
  map(messages: unknown): readonly InputItem[] {
    const list = requireArray(messages, 'messages');
    for (let index = 0; index < list.length; index += 1) {
      const path = `messages[${index}]`;
      this.message(requireObject(list[index], path), path, index);
    }
    if (this.input.length > 0) return this.input;
    throw invalidRequest("'messages' must hold at least one message that says something.", 'messages', 'empty_array');
  }

  private message(message: JsonObject, path: string, index: number): void {
    switch (message['role']) {
      case 'user':
        this.say('user', message, path);
        return;
      case 'system':
      case 'developer':
        this.say('developer', message, path);
        return;
      case 'assistant':
        this.assistant(message, path, index);
        return;
      case 'tool':
        this.result(requireText(message['tool_call_id'], `${path}.tool_call_id`), message, path);
        return;
      case 'function': {
        const name = requireText(message['name'], `${path}.name`);
        this.result(this.legacyCalls.get(name) ?? name, message, path);
        return;
      }
      default:
        throw invalidRequest(
          `'${path}.role' must be one of: system, developer, user, assistant, tool, function.`,
          `${path}.role`,
        );
    }
  }

  private say(role: 'user' | 'developer', message: JsonObject, path: string): void {
    this.named ||= isName(message['name']);
    this.input.push({
      type: 'message',
      role,
      content: inputParts(message['content'], `${path}.content`, this.maxImageBytes),
    });
  }

  /** Its `reasoning_content` stays behind: without the encrypted original no upstream takes reasoning back. */
  private assistant(message: JsonObject, path: string, index: number): void {
    this.named ||= isName(message['name']);
    const content = assistantParts(message['content'], `${path}.content`);
    const refusal = optionalText(message['refusal'], `${path}.refusal`);
    if (refusal !== undefined && refusal !== '') content.push(outputText(refusal));
    if (content.length > 0) this.input.push({ type: 'message', role: 'assistant', content });
    this.toolCalls(message['tool_calls'], `${path}.tool_calls`);
    this.legacyCall(message['function_call'], `${path}.function_call`, index);
  }

  private toolCalls(toolCalls: unknown, path: string): void {
    if (toolCalls === undefined || toolCalls === null) return;
    const list = requireArray(toolCalls, path);
    for (let index = 0; index < list.length; index += 1) {
      this.toolCall(requireObject(list[index], `${path}[${index}]`), `${path}[${index}]`);
    }
  }

  private toolCall(call: JsonObject, path: string): void {
    const id = requireText(call['id'], `${path}.id`);
    if (call['type'] === 'custom') {
      const custom = requireObject(call['custom'], `${path}.custom`);
      const name = this.names.upstreamName(requireText(custom['name'], `${path}.custom.name`));
      const input = optionalText(custom['input'], `${path}.custom.input`) ?? '';
      this.input.push({ type: 'custom_tool_call', call_id: id, name, input });
      this.calls.set(id, customCall);
      return;
    }
    this.functionCall(id, requireObject(call['function'], `${path}.function`), `${path}.function`);
  }

  private legacyCall(call: unknown, path: string, index: number): void {
    if (call === undefined || call === null) return;
    const fields = requireObject(call, path);
    const id = `call_legacy_${index}`;
    this.functionCall(id, fields, path);
    this.legacyCalls.set(requireText(fields['name'], `${path}.name`), id);
  }

  private functionCall(id: string, called: JsonObject, path: string): void {
    const name = this.names.upstreamName(requireText(called['name'], `${path}.name`));
    // Some clients leave the arguments of a call without any out; the upstream wants JSON.
    const given = optionalText(called['arguments'], `${path}.arguments`);
    this.input.push({
      type: 'function_call',
      call_id: id,
      name,
      arguments: given === undefined || given === '' ? '{}' : given,
    });
    this.calls.set(id, functionCall);
  }

  private result(callId: string, message: JsonObject, path: string): void {
    const output = toolOutput(message['content'], `${path}.content`, this.maxImageBytes);
    const call = this.calls.get(callId);
    this.input.push(
      call === undefined ? orphanMessage(callId, output) : { type: call.outputType, call_id: callId, output },
    );
  }
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}
