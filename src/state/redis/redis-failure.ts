import { StateUnavailable } from '../state-unavailable';

/** Refusals that a server gives while it cannot serve, whatever the command. */
const outageCodes: ReadonlySet<string> = new Set([
  'OOM', 'MISCONF', 'READONLY', 'LOADING', 'MASTERDOWN', 'CLUSTERDOWN', 'TRYAGAIN', 'NOREPLICAS', 'BUSY', 'NOAUTH',
]); // prettier-ignore

/** Turns whatever the client threw into our error; a bug of the caller (a `TypeError`, say) stays what it is. */
export function commandFailure(error: unknown): unknown {
  if (error instanceof StateUnavailable || !(error instanceof Error)) return error;
  if (error.name === 'ReplyError') return new StateUnavailable('reply', replyCodeOf(error));
  const isBug = error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;
  return isBug ? error : new StateUnavailable('connection');
}

/** Whether the server is to blame rather than the command. */
export function isOutage(failure: unknown): boolean {
  if (!(failure instanceof StateUnavailable)) return false;
  return failure.trouble !== 'reply' || outageCodes.has(failure.replyCode ?? '');
}

/** Whether the server refused a command with this code. */
export function isReplyCode(error: unknown, code: string): boolean {
  return error instanceof Error && error.name === 'ReplyError' && replyCodeOf(error) === code;
}

/** Only the code: the words behind it may quote keys and values. */
function replyCodeOf({ message }: Error): string {
  return /^[A-Z]{2,20}\b/.exec(message)?.[0] ?? 'ERR';
}
