/**
 * A Codex stream as chat text, by splicing: a delta's JSON string is cut out of its frame and set into the client's
 * frame as it came. Strings are latin1, one character per byte. Nothing is parsed but the first event and the usage.
 */
const deltaLine = 'event: response.output_text.delta\n';
const createdLine = 'event: response.created\n';
const completedLine = 'event: response.completed\n';
/** The end of the key `delta`, the only key of its event that ends so: short patterns are searched fastest. */
const deltaKeyEnd = 'a":"';
const usageField = '"usage":{';
const deltaEnding = '},"finish_reason":null}]}\n\n';

const quote = '"';
const backslash = 92;

/** Index of the quote that closes the JSON string whose first character is at `from`. */
function closingQuote(text, from) {
  let at = text.indexOf(quote, from);
  while (text.charCodeAt(at - 1) === backslash && isEscaped(text, at)) at = text.indexOf(quote, at + 1);
  return at;
}

function isEscaped(text, at) {
  let slashes = 1;
  while (text.charCodeAt(at - 1 - slashes) === backslash) slashes += 1;
  return slashes % 2 === 1;
}

/** The same text in one piece: joining with a rope of pieces would walk through all of them for every delta. */
function flat(text) {
  return Buffer.from(text, 'latin1').latin1Slice();
}

function usageOf(text, from, to) {
  const start = text.lastIndexOf(usageField, to) + usageField.length - 1;
  if (start < from) return undefined;
  let end = start;
  for (let depth = 0; end < to; end += 1) {
    const code = text.charCodeAt(end);
    if (code === 123) depth += 1;
    if (code === 125) depth -= 1;
    if (depth === 0) break;
  }
  return JSON.parse(text.slice(start, end + 1));
}

/** Whether a text delta starts here. Of the event types no other has the length, the `t` and the `d` in these places. */
function isDelta(text, start) {
  const newline = 10;
  return (
    text.charCodeAt(start + deltaLine.length - 1) === newline && text[start + 23] === 't' && text[start + 28] === 'd'
  );
}

/** The delta of the event at `start`, a JSON string with its quotes. */
function deltaOf(text, start) {
  const from = text.indexOf(deltaKeyEnd, start + deltaLine.length) + deltaKeyEnd.length;
  return text.slice(from - 1, closingQuote(text, from) + 1);
}

/** Cuts a Codex stream into delta strings; remembers how far an unfinished event was searched. */
class CodexReader {
  #rest = '';
  #searched = 0;
  usage = undefined;
  onStart = () => '';
  onDelta = () => '';

  /** What `onStart` and `onDelta` made of the events that this chunk completed, joined. */
  read(chunk) {
    const text = this.#rest + chunk.latin1Slice();
    let out = '';
    let start = 0;
    let end = text.indexOf('\n\n', Math.max(0, this.#searched - 1));
    while (end >= 0) {
      out += isDelta(text, start) ? this.onDelta(deltaOf(text, start)) : this.#rareEvent(text, start, end);
      start = end + 2;
      end = text.indexOf('\n\n', start);
    }
    this.#rest = text.slice(start);
    this.#searched = this.#rest.length;
    return out;
  }

  #rareEvent(text, start, end) {
    if (text.startsWith(createdLine, start)) {
      const id = /"id":"resp_(\w+)"/.exec(text.slice(start, start + 200))?.[1] ?? 'unknown';
      return this.onStart(id);
    }
    if (text.startsWith(completedLine, start)) this.usage = usageOf(text, start, end);
    return '';
  }
}

/** Translates for a streaming client. */
export class ChatStream {
  headers = { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' };
  #reader = new CodexReader();
  #opening = '';

  constructor(model, createdSeconds) {
    let contentOpening = '';
    this.#reader.onStart = (id) => {
      const about = `"object":"chat.completion.chunk","created":${createdSeconds},"model":"${model}"`;
      this.#opening = flat(`data: {"id":"chatcmpl-${id}",${about},"choices":[{"index":0,"delta":{`);
      contentOpening = flat(`${this.#opening}"content":`);
      return `${this.#opening}"role":"assistant","content":""${deltaEnding}`;
    };
    this.#reader.onDelta = (raw) => contentOpening + raw + deltaEnding;
  }

  feed(chunk) {
    return this.#reader.read(chunk);
  }

  finish() {
    return `${this.#opening}},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n`;
  }
}

/** Gathers for a client that wants one JSON answer. */
export class ChatAnswer {
  headers = { 'content-type': 'application/json' };
  #reader = new CodexReader();
  #model;
  #createdSeconds;
  #id = '';
  #text = '';

  constructor(model, createdSeconds) {
    this.#model = model;
    this.#createdSeconds = createdSeconds;
    this.#reader.onStart = (id) => {
      this.#id = id;
      return '';
    };
    this.#reader.onDelta = (raw) => {
      this.#text += raw.slice(1, -1);
      return '';
    };
  }

  feed(chunk) {
    return this.#reader.read(chunk);
  }

  finish() {
    const usage = this.#reader.usage;
    const counts = {
      prompt_tokens: usage?.input_tokens ?? 0,
      completion_tokens: usage?.output_tokens ?? 0,
      total_tokens: usage?.total_tokens ?? 0,
    };
    const about = `"object":"chat.completion","created":${this.#createdSeconds},"model":"${this.#model}"`;
    const message = `{"role":"assistant","content":"${this.#text}"}`;
    const choices = `[{"index":0,"message":${message},"finish_reason":"stop"}]`;
    return `{"id":"chatcmpl-${this.#id}",${about},"choices":${choices},"usage":${JSON.stringify(counts)}}`;
  }
}
