import { type IncomingHttpHeaders } from 'node:http';

/** What the native surface passes on of a Codex CLI's headers: who it is and which turn this is, never a credential. */
const passed = new Set([
  'originator',
  'user-agent',
  'version',
  'session-id',
  'session_id',
  'thread-id',
  'conversation_id',
  'x-client-request-id',
  'openai-beta',
  'x-openai-internal-codex-responses-lite',
]);

/** Identity headers of a request, as they came. Everything else is dropped. */
export function identityHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const identity: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string' && (passed.has(name) || name.startsWith('x-codex-'))) identity[name] = value;
  }
  return identity;
}
