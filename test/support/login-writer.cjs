/**
 * A process of its own that writes a login file with the gateway's code, for the tests that kill, deny or starve it.
 *   node login-writer.cjs MODULES rotate FILE           rotates for ever, says "ready" after its first write
 *   node login-writer.cjs MODULES once FILE FINGERPRINT  one write; says what became of it as JSON
 */
const { join } = require('node:path');

// Tokens here are plain words, and loading the JWT package would be half of this process's start.
const jose = require.resolve('jose', { paths: [__dirname] });
require.cache[jose] = { id: jose, filename: jose, loaded: true, exports: { decodeJwt: fails } };

const [, , modules, mode, file, replaces] = process.argv;
const { LoginFiles } = require(join(modules, 'auth', 'login-files.js'));
const files = new LoginFiles();

void (mode === 'rotate' ? rotate() : once());

async function rotate() {
  let isReady = false;
  for (;;) {
    const { fingerprint, accessToken } = await files.read(file);
    const number = Number(accessToken.slice('access-'.length)) + 1;
    const pair = { accessToken: `access-${number}`, refreshToken: `refresh-${number}`, idToken: undefined };
    await files.write(file, { replaces: fingerprint, pair, nowMs: Date.now() }).catch((error) => {
      if (error.reason !== 'other') throw error;
    });
    if (!isReady) process.stdout.write('ready\n');
    isReady = true;
  }
}

async function once() {
  const pair = { accessToken: 'access-new', refreshToken: 'refresh-new', idToken: undefined };
  const outcome = await files.write(file, { replaces, pair, nowMs: Date.now() }).then(
    (result) => ({ result }),
    ({ reason, message }) => ({ reason, message }),
  );
  process.stdout.write(JSON.stringify(outcome));
}

function fails() {
  throw new Error('no JWT');
}
