/**
 * What may name an event on its way to a client: printable ASCII without blanks. Anything else could end its line and
 * begin another, as characters beyond a byte do when they are written as one (U+010A becomes a line feed).
 */
const eventType = /^[\x21-\x7e]{1,128}$/;

/** Whether `type` is fit to be told as the name of an event. */
export function isEventType(type: unknown): type is string {
  return typeof type === 'string' && eventType.test(type);
}
