/** Certificates for tests of Redis with TLS: an authority of their own and a server on 127.0.0.1, made once by openssl. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './prepare.mjs';

const dayMs = 86_400_000;
const [validDays, renewAfterDays] = [30, 20];

/** @returns the path of the authority, for `NODE_EXTRA_CA_CERTS`; undefined when there is no openssl. */
export function ensureRedisCerts() {
  const folder = join(root, '.cache', 'redis-tls');
  const at = (name) => join(folder, name);
  const isFresh =
    existsSync(at('server.pem')) && Date.now() - statSync(at('server.pem')).mtimeMs < renewAfterDays * dayMs;
  if (isFresh) return at('ca.pem');
  mkdirSync(folder, { recursive: true });
  writeFileSync(at('server.ext'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  const days = ['-days', String(validDays)];
  const steps = [
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...days, '-subj', '/CN=tests of Codex Gateway', '-keyout', at('ca.key'), '-out', at('ca.pem')],
    ['req', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=127.0.0.1', '-keyout', at('server.key'), '-out', at('server.csr')],
    ['x509', '-req', '-in', at('server.csr'), '-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial', ...days, '-extfile', at('server.ext'), '-out', at('server.pem')],
  ]; // prettier-ignore
  for (const step of steps) {
    if (spawnSync('openssl', step, { stdio: 'ignore' }).status !== 0) return undefined;
  }
  return at('ca.pem');
}
