import { StateUnavailable } from '../state-unavailable';

/** Refusals that a server gives to every write while it cannot serve; many reads go well all the same. */
const refusalCodes: ReadonlySet<string> = new Set([
  'OOM', 'MISCONF', 'READONLY', 'LOADING', 'MASTERDOWN', 'CLUSTERDOWN', 'NOREPLICAS', 'BUSY', 'NOAUTH',
]); // prettier-ignore

/** Turns whatever the client threw into our error; a bug of the caller (a `TypeError`, say) stays what it is. */
export function commandFailure(error: unknown): unknown {
  if (error instanceof StateUnavailable || !(error instanceof Error)) return error;
  if (error.name === 'ReplyError') return new StateUnavailable('reply', replyCodeOf(error));
  const isBug = error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;
  return isBug ? error : new StateUnavailable('connection');
}

/** Whether the server gave no answer, or one that is about its moment and this command's keys only. */
export function isOutage(failure: unknown): boolean {
  if (!(failure instanceof StateUnavailable)) return false;
  return failure.trouble !== 'reply' || failure.replyCode === 'TRYAGAIN';
}

/** Code of an answer by which the server refuses every write, whatever it is: full, a replica, without its replicas. */
export function refusalOf(failure: unknown): string | undefined {
  if (!(failure instanceof StateUnavailable) || failure.trouble !== 'reply') return undefined;
  return failure.replyCode !== undefined && refusalCodes.has(failure.replyCode) ? failure.replyCode : undefined;
}

/** The first key of the command that the server refused; undefined when the client does not say. */
export function refusedKey(error: unknown, keyPrefix: string): string | undefined {
  const { command } = error as { readonly command?: { readonly args?: readonly unknown[] } };
  return command?.args?.find((arg): arg is string => typeof arg === 'string' && arg.startsWith(keyPrefix));
}

/** Whether the server refused a command with this code. */
export function isReplyCode(error: unknown, code: string): boolean {
  return error instanceof Error && error.name === 'ReplyError' && replyCodeOf(error) === code;
}

/** Only the code: the words behind it may quote keys and values. */
function replyCodeOf({ message }: Error): string {
  return /^[A-Z]{2,20}\b/.exec(message)?.[0] ?? 'ERR';
}
