/** A chat completions request as a Codex request, as directly as it goes: what a translation cannot do without. */
import { catalogInstructions } from './workloads.mjs';

const textPart = { user: 'input_text', developer: 'input_text', system: 'input_text', assistant: 'output_text' };

function* inputItems(messages) {
  for (const message of messages) {
    if (message.role === 'tool') {
      yield { type: 'function_call_output', call_id: message.tool_call_id, output: message.content };
      continue;
    }
    if (message.content !== null) {
      const role = message.role === 'system' ? 'developer' : message.role;
      yield { type: 'message', role, content: [{ type: textPart[message.role], text: message.content }] };
    }
    for (const call of message.tool_calls ?? []) {
      yield { type: 'function_call', call_id: call.id, name: call.function.name, arguments: call.function.arguments };
    }
  }
}

/** The upstream's body for a client's body, both parsed. */
export function codexRequest(chat) {
  const tools = (chat.tools ?? []).map((tool) => ({ type: 'function', strict: false, ...tool.function }));
  return {
    model: chat.model,
    instructions: catalogInstructions,
    input: [...inputItems(chat.messages)],
    tools,
    tool_choice: chat.tool_choice ?? 'auto',
    parallel_tool_calls: true,
    store: false,
    stream: true,
    include: ['reasoning.encrypted_content'],
  };
}
