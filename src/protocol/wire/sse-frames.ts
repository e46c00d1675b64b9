import { isEventType } from './event-type';

/** A frame without a name, as Chat Completions streams use it. `json` is wire text on one line. */
export function dataFrame(json: string): string {
  return `data: ${json}\n\n`;
}

/** The name that was found fit last: streams repeat theirs, and comparing is cheaper than looking at every character. */
let fitType = '';

/** A named frame, as Responses streams use it. `json` is wire text on one line; a name that is unfit is left out. */
export function eventFrame(type: string, json: string): string {
  if (type !== fitType) {
    if (!isEventType(type)) return dataFrame(json);
    fitType = type;
  }
  return `event: ${type}\ndata: ${json}\n\n`;
}

/** Last frame of a Chat Completions stream. */
export const doneFrame = 'data: [DONE]\n\n';
