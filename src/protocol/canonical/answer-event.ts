/**
 * The inner language for answers: one Responses event, with its JSON as it came.
 *
 * `data` is *wire text* (see `../wire/wire-text.ts`): a latin1 string whose characters are the UTF-8 bytes of the JSON,
 * so that a delta can be spliced into another frame without decoding or encoding it.
 */
export interface AnswerEvent {
  /** `type` of the JSON, for example `response.output_text.delta`. */
  readonly type: string;
  /** Payload of the frame's `data:` line(s), wire text. */
  readonly data: string;
  /** Memos of `parsedEvent` and `skimmedEvent`; nobody else reads or writes them. */
  parsed?: unknown;
  skimmed?: unknown;
}
