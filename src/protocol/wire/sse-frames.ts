/** A frame without a name, as Chat Completions streams use it. `json` is wire text on one line. */
export function dataFrame(json: string): string {
  return `data: ${json}\n\n`;
}

/** A named frame, as Responses streams use it. `json` is wire text on one line. */
export function eventFrame(type: string, json: string): string {
  return `event: ${type}\ndata: ${json}\n\n`;
}

/** Last frame of a Chat Completions stream. */
export const doneFrame = 'data: [DONE]\n\n';
