import { UpstreamFailure } from '../../kernel/upstream-failure';
import { type AnswerEvent } from '../canonical/answer-event';
import { internedType } from '../canonical/event-types';
import { isEventType } from './event-type';
import { flatWire, parseWire } from './wire-text';

/** Room for one event; a generated image of the largest size fits four times. */
const defaultMaxEventBytes = 64 * 1024 * 1024;
const byteOrderMark = '\u00ef\u00bb\u00bf';
const typePrefix = '{"type":"';
const commonStart = `data: ${typePrefix}`;
const lineFeed = 0x0a;
const closingBrace = 0x7d;

/**
 * Bytes of a `text/event-stream` → events. Where the bytes are cut makes no difference.
 *
 * Works on wire text and looks at every byte once: an unfinished frame is a rope whose old part is never searched again.
 * LF, CRLF and CR end a line; JSON holds none of them unescaped, so CR is simply rewritten.
 * The JSON names its own type; `event:` lines only help when it does not. What is no JSON object is dropped, as is `[DONE]`
 * and what bears a type that could not be told on a line of its own.
 */
export class SseDecoder {
  private unfinished = '';
  private unfinishedEndsLine = false;
  private skipLineFeed = false;
  private atStart = true;
  /** Of the common types the one that came last: streams repeat themselves, and equal types should be one string. */
  private lastType = '';
  /** How the last delta's frame began, up to the end of its type; where its JSON stood in it. */
  private alikeType = '';
  private alikeHead = '';
  private alikeJsonAt = 0;

  constructor(private readonly maxEventBytes = defaultMaxEventBytes) {}

  /** @throws {UpstreamFailure} `server_error` when one event outgrows the limit; the decoder is unusable afterwards. */
  push(chunk: Buffer): AnswerEvent[] {
    const events: AnswerEvent[] = [];
    let text = this.normalise(chunk.toString('latin1'));
    if (text === '') return events;
    if (this.atStart) {
      text = this.withoutMark(text);
      if (text === '') return events;
    }
    const start = this.closeUnfinished(text, events);
    if (start !== -1) this.split(text, start, events);
    return events;
  }

  /** After the last byte. A last frame without its blank line counts only when its JSON is whole. */
  end(): AnswerEvent[] {
    const events: AnswerEvent[] = [];
    const frame = this.unfinished;
    this.unfinished = '';
    if (frame !== '') this.readLines(frame, events, true);
    return events;
  }

  private normalise(text: string): string {
    let result = text;
    if (this.skipLineFeed && result !== '') {
      this.skipLineFeed = false;
      if (result.startsWith('\n')) result = result.slice(1);
    }
    if (!result.includes('\r')) return result;
    this.skipLineFeed = result.endsWith('\r');
    return result.replace(/\r\n?/g, '\n');
  }

  /** Drops a byte order mark; keeps quiet while the bytes may still become one. */
  private withoutMark(text: string): string {
    const begin = this.unfinished + text;
    this.unfinished = '';
    if (begin.length < byteOrderMark.length && byteOrderMark.startsWith(begin)) {
      this.unfinished = begin;
      return '';
    }
    this.atStart = false;
    return begin.startsWith(byteOrderMark) ? begin.slice(byteOrderMark.length) : begin;
  }

  /** Ends the frame that earlier chunks began. @returns where the next frame starts in `text`, -1 when it is still open. */
  private closeUnfinished(text: string, events: AnswerEvent[]): number {
    if (this.unfinished === '') return 0;
    if (this.unfinishedEndsLine && text.startsWith('\n')) {
      const frame = this.unfinished;
      this.forget();
      this.readFrame(frame, 0, frame.length - 1, events);
      return 1;
    }
    const end = text.indexOf('\n\n');
    if (end === -1) {
      this.keep(text);
      return -1;
    }
    const frame = this.unfinished + text.slice(0, end);
    this.forget();
    this.readFrame(frame, 0, frame.length, events);
    return end + 2;
  }

  private split(text: string, from: number, events: AnswerEvent[]): void {
    let start = from;
    let alike = -1;
    let head = '';
    while (start < text.length) {
      if (alike < start || head !== this.alikeHead) {
        head = this.alikeHead;
        alike = this.nextAlike(text, start);
      }
      let next = alike === start ? this.readAlike(text, start, events) : -1;
      if (next === -1) {
        const end = text.indexOf('\n\n', start);
        if (end === -1) break;
        this.readFrame(text, start, end, events);
        next = end + 2;
      }
      start = next;
    }
    if (start < text.length) this.keep(text.slice(start));
  }

  /**
   * Where the next frame begins as the last one did, which is what deltas do. No JSON string can hold such a beginning,
   * because it has a quote in it. Searching is many times faster than comparing character by character.
   */
  private nextAlike(text: string, start: number): number {
    const found = this.alikeHead === '' ? -1 : text.indexOf(this.alikeHead, start);
    return found === -1 ? text.length : found;
  }

  /** Reads a whole frame of one data line. @returns where the next frame starts; -1 when it is no such frame. */
  private readAlike(text: string, start: number, events: AnswerEvent[]): number {
    const close = text.indexOf('\n', start + this.alikeHead.length);
    if (close === -1 || text.charCodeAt(close + 1) !== lineFeed || text.charCodeAt(close - 1) !== closingBrace)
      return -1;
    if (close - start > this.maxEventBytes) return -1;
    events.push({ type: this.alikeType, data: text.slice(start + this.alikeJsonAt, close) });
    return close + 2;
  }

  private keep(text: string): void {
    this.unfinished += text;
    this.unfinishedEndsLine = text.endsWith('\n');
    this.checkSize(this.unfinished.length - (this.unfinishedEndsLine ? 1 : 0));
  }

  private forget(): void {
    this.unfinished = '';
    this.unfinishedEndsLine = false;
  }

  private checkSize(bytes: number): void {
    if (bytes <= this.maxEventBytes) return;
    this.forget();
    throw new UpstreamFailure({
      kind: 'server_error',
      code: 'event_too_large',
      message: `The upstream sent one event of more than ${this.maxEventBytes} bytes.`,
    });
  }

  /** The common frame, one optional `event:` line and one `data:` line, without copying it; everything else line by line. */
  private readFrame(text: string, start: number, end: number, events: AnswerEvent[]): void {
    if (end <= start) return;
    this.checkSize(end - start);
    const dataLine = text.startsWith('event:', start) ? text.indexOf('\n', start) + 1 : start;
    if (dataLine >= start && dataLine < end && text.startsWith(commonStart, dataLine)) {
      const lineEnd = text.indexOf('\n', dataLine);
      if (lineEnd === -1 || lineEnd >= end) {
        const type = this.addData(text.slice(dataLine + 6, end), '', events);
        if (type !== this.alikeType) this.rememberHead(text, start, dataLine + 6, type);
        return;
      }
    }
    this.readLines(text.slice(start, end), events, false);
  }

  /** Deltas only: they come in runs, and for anything else the search would be in vain. */
  private rememberHead(text: string, start: number, jsonAt: number, type: string): void {
    if (!type.endsWith('.delta')) return;
    // Built anew, because a slice would keep the whole chunk alive.
    this.alikeHead = flatWire(`${text.slice(start, jsonAt)}${typePrefix}${type}"`);
    this.alikeJsonAt = jsonAt - start;
    this.alikeType = type;
  }

  private readLines(frame: string, events: AnswerEvent[], mustBeWhole: boolean): void {
    let name = '';
    let payload: string | undefined;
    for (const line of frame.split('\n')) {
      if (line.startsWith('data:')) {
        const value = fieldValue(line, 5);
        payload = payload === undefined ? value : `${payload}\n${value}`;
      } else if (line.startsWith('event:')) {
        name = fieldValue(line, 6);
      }
    }
    if (payload === undefined || payload === '[DONE]') return;
    if (mustBeWhole || payload.includes('\n')) this.addParsed(payload, name, events);
    else this.addData(payload, name, events);
  }

  /** Takes the type from its usual place; JSON that begins or ends oddly is parsed. @returns '' for the latter. */
  private addData(json: string, name: string, events: AnswerEvent[]): string {
    const type = json.endsWith('}') ? this.typeAtStart(json) : '';
    if (type === '') this.addParsed(json, name, events);
    else events.push({ type, data: json });
    return type;
  }

  private typeAtStart(json: string): string {
    if (!json.startsWith(typePrefix)) return '';
    const last = this.lastType;
    const begin = typePrefix.length;
    if (last !== '' && json.charCodeAt(begin + last.length) === 0x22 && json.startsWith(last, begin)) return last;
    const close = json.indexOf('"', begin);
    const type = close === -1 ? '' : json.slice(begin, close);
    const known = internedType(type);
    if (known !== undefined) {
      this.lastType = known;
      return known;
    }
    // Escapes and oddities are for `addParsed`. Who remembers a type must not keep the chunk that it is a slice of.
    return type.includes('\\') || !isEventType(type) ? '' : flatWire(type);
  }

  private addParsed(json: string, name: string, events: AnswerEvent[]): void {
    const parsed = jsonObject(json);
    if (parsed === undefined) return;
    const type = parsed['type'];
    const ownType = typeof type === 'string' && type !== '' ? type : name || ('error' in parsed ? 'error' : '');
    // A line break is legal between tokens only, where a blank does as well and fits on one `data:` line.
    if (isEventType(ownType)) events.push({ type: ownType, data: json.replaceAll('\n', ' ') });
  }
}

function fieldValue(line: string, from: number): string {
  return line.slice(line[from] === ' ' ? from + 1 : from);
}

function jsonObject(json: string): Record<string, unknown> | undefined {
  if (!json.includes('{')) return undefined;
  try {
    const parsed = parseWire(json);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
      ? (parsed as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
