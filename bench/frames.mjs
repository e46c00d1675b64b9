/**
 * The mock's answers, built once as bytes that are ready for the socket: the Codex stream with everything the backend
 * sends around the text, and the chat stream and chat JSON of an OpenAI-like upstream for the pass-through.
 */
import { benchModel, catalogInstructions, deltaTexts } from './workloads.mjs';

const responseId = 'resp_0be0c4000000000000000000000000000000000000000001';
const messageId = 'msg_0be0c4000000000000000000000000000000000000000001';
const reasoningId = 'rs_0be0c4000000000000000000000000000000000000000001';
const createdSeconds = 1_795_206_658;
const encryptedReasoning = Buffer.alloc(420, 'sealed reasoning ').toString('base64');
const place = { item_id: messageId, output_index: 1, content_index: 0 };

function flatTools(body) {
  return (body.tools ?? []).map((tool) => ({ type: 'function', ...tool.function, strict: false }));
}

function responseOf(workload, status, usage) {
  return {
    id: responseId,
    object: 'response',
    created_at: createdSeconds,
    status,
    background: false,
    error: null,
    incomplete_details: null,
    instructions: catalogInstructions,
    max_output_tokens: null,
    model: benchModel,
    output: [],
    parallel_tool_calls: true,
    previous_response_id: null,
    prompt_cache_key: '01a1faa7-b9ab-7050-a14b-34a719b86609',
    reasoning: { effort: 'medium', summary: null },
    service_tier: usage === null ? 'auto' : 'default',
    store: false,
    temperature: 1,
    text: { format: { type: 'text' }, verbosity: 'low' },
    tool_choice: 'auto',
    tools: flatTools(workload.body),
    top_p: 1,
    truncation: 'disabled',
    usage,
    user: null,
    metadata: {},
  };
}

function codexEvents(workload) {
  const texts = deltaTexts(workload.deltas);
  const text = texts.join('');
  const reasoning = { id: reasoningId, type: 'reasoning', summary: [] };
  const part = { type: 'output_text', annotations: [], logprobs: [], text };
  const message = { id: messageId, type: 'message', status: 'completed', content: [part], role: 'assistant' };
  const usage = {
    input_tokens: 1_200,
    input_tokens_details: { cached_tokens: 1_024 },
    output_tokens: workload.deltas,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 1_200 + workload.deltas,
  };
  const head = [
    ['response.created', { response: responseOf(workload, 'in_progress', null) }],
    ['response.in_progress', { response: responseOf(workload, 'in_progress', null) }],
    ['response.output_item.added', { output_index: 0, item: { ...reasoning, encrypted_content: encryptedReasoning } }],
    ['response.output_item.done', { output_index: 0, item: { ...reasoning, encrypted_content: encryptedReasoning } }],
    ['response.output_item.added', { output_index: 1, item: { ...message, status: 'in_progress', content: [] } }],
    ['response.content_part.added', { ...place, part: { ...part, text: '' } }],
  ];
  const deltas = texts.map((delta, index) => [
    'response.output_text.delta',
    { ...place, delta, logprobs: [], obfuscation: 'q7ZkTb2nRw0LxAyD'.slice(0, 16 - delta.length - (index % 4)) },
  ]);
  const tail = [
    ['response.output_text.done', { ...place, text, logprobs: [] }],
    ['response.content_part.done', { ...place, part }],
    ['response.output_item.done', { output_index: 1, item: message }],
    ['response.completed', { response: responseOf(workload, 'completed', usage) }],
  ];
  return { head, deltas, tail };
}

function codexFrames(workload) {
  const { head, deltas, tail } = codexEvents(workload);
  let sequence = 0;
  const frame = ([type, rest]) => {
    const json = JSON.stringify({ type, sequence_number: sequence, ...rest });
    sequence += 1;
    return `event: ${type}\ndata: ${json}\n\n`;
  };
  return { head: head.map(frame).join(''), deltas: deltas.map(frame), tail: tail.map(frame).join('') };
}

function chatFrames(workload) {
  const frame = (delta, finish) =>
    `data: ${JSON.stringify({
      id: 'chatcmpl-0be0c4000000000000000001',
      object: 'chat.completion.chunk',
      created: createdSeconds,
      model: benchModel,
      service_tier: 'default',
      system_fingerprint: 'fp_bench',
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    })}\n\n`;
  return {
    head: frame({ role: 'assistant', content: '', refusal: null }, null),
    deltas: deltaTexts(workload.deltas).map((content) => frame({ content }, null)),
    tail: `${frame({}, 'stop')}data: [DONE]\n\n`,
  };
}

function chatAnswer(workload) {
  const content = deltaTexts(workload.deltas).join('');
  const completion = workload.deltas;
  return JSON.stringify({
    id: 'chatcmpl-0be0c4000000000000000001',
    object: 'chat.completion',
    created: createdSeconds,
    model: benchModel,
    choices: [
      { index: 0, message: { role: 'assistant', content, refusal: null }, logprobs: null, finish_reason: 'stop' },
    ],
    usage: { prompt_tokens: 1_200, completion_tokens: completion, total_tokens: 1_200 + completion },
  });
}

/** One piece of a chunked HTTP body. */
function chunked(bytes) {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
}

function torn(pieces, size) {
  const whole = Buffer.concat(pieces);
  const parts = [];
  for (let at = 0; at < whole.length; at += size) parts.push(whole.subarray(at, at + size));
  return parts;
}

/**
 * The writes of one stream: `first` goes at once with the response head, then `rest` one per turn or per pace, and
 * `end` closes the body. A stalled workload has no `rest` and never ends.
 */
function writesOf(workload, frames) {
  const groups = [];
  for (let at = 0; at < frames.deltas.length; at += workload.burst) {
    groups.push(Buffer.from(frames.deltas.slice(at, at + workload.burst).join('')));
  }
  let pieces = [Buffer.from(frames.head), ...groups, Buffer.from(frames.tail)];
  if (workload.stall) return { first: chunked(Buffer.concat(pieces.slice(0, 2))), rest: [], ends: false };
  if (workload.tear > 0) pieces = torn(pieces, workload.tear);
  const writes = pieces.map(chunked);
  writes[writes.length - 1] = Buffer.concat([writes[writes.length - 1], Buffer.from('0\r\n\r\n')]);
  return { first: writes[0], rest: writes.slice(1), ends: true };
}

const streamHead = Buffer.from(
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n' +
    'x-request-id: bench-upstream\r\nx-codex-plan-type: plus\r\nx-codex-primary-used-percent: 12.5\r\n' +
    'x-codex-primary-window-minutes: 300\r\nx-codex-primary-reset-after-seconds: 9000\r\n\r\n',
);

function withHead(writes) {
  return { ...writes, first: Buffer.concat([streamHead, writes.first]) };
}

/** A whole JSON response as bytes. */
export function jsonResponse(status, json, headers = '') {
  const body = Buffer.from(json);
  const head = `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\n${headers}content-length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

/** Everything the mock can say for one workload. */
export function answersFor(workload) {
  return {
    codex: withHead(writesOf(workload, codexFrames(workload))),
    chat: withHead(writesOf(workload, chatFrames(workload))),
    chatJson: jsonResponse('200 OK', chatAnswer(workload)),
  };
}
