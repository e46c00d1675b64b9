/** Of a connection that goes elsewhere than it should: the number of the database could not be chosen. */
export const astray = 'SELECT';

/** What a message without a code may still name. */
const namedInside = /\b(WRONGPASS|NOAUTH|ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT)\b/;

/**
 * Why there is no connection, in one word: what the server said to the login (`WRONGPASS`, `NOAUTH`), `SELECT`, or the code
 * of the system or of TLS (`ECONNREFUSED`, `ENOTFOUND`, `CERT_HAS_EXPIRED`). Undefined when the error names none. Never
 * `ERR`, which would mean that a command is at fault; no address and no password.
 */
export function connectTroubleOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { name, message, command, code, lastNodeError } = error as Partial<ClientError>;
  if (name === 'ReplyError') return replyTrouble(message ?? '', command?.name);
  if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{2,60}$/.test(code)) return code;
  return connectTroubleOf(lastNodeError) ?? namedInside.exec(message ?? '')?.[0];
}

/** What errors of the client may have. */
interface ClientError extends Error {
  readonly command: { readonly name?: unknown };
  readonly code: unknown;
  /** Of a Cluster without any node. */
  readonly lastNodeError: unknown;
}

function replyTrouble(message: string, command: unknown): string | undefined {
  const first = /^[A-Z]{2,20}\b/.exec(message)?.[0];
  // Refused for another reason, it is not the last word: no login, say.
  if (command === 'select' && (first === 'ERR' || first === 'NOPERM')) return astray;
  if (first !== 'ERR') return first;
  // Before Redis 6 a wrong password had no word of its own.
  return command === 'auth' ? 'WRONGPASS' : undefined;
}
