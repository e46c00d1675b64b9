import { existsSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(__dirname, '..', '..', '.cache', 'redis-tls');

/** Certificates of `scripts/redis-certs.mjs`, whose authority Node was told of at its start (`NODE_EXTRA_CA_CERTS`). */
export const redisCerts = {
  authority: join(folder, 'ca.pem'),
  certificate: join(folder, 'server.pem'),
  key: join(folder, 'server.key'),
};

/** Words that make a redis-server speak TLS on this port and nothing else. @throws {Error} when the tests were started in another way. */
export function tlsWords(port: number): readonly string[] {
  const { authority, certificate, key } = redisCerts;
  if (process.env['NODE_EXTRA_CA_CERTS'] !== authority || !existsSync(authority)) {
    throw new Error(
      `TEST_REDIS=tls needs NODE_EXTRA_CA_CERTS=${authority}: run it with \`npm run test:redis -- tls\`.`,
    );
  }
  const files = ['--tls-cert-file', certificate, '--tls-key-file', key, '--tls-ca-cert-file', authority];
  return ['--port', '0', '--tls-port', String(port), '--tls-auth-clients', 'no', ...files];
}
