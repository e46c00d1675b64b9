/**
 * npm run demo: the Codex simulator and the gateway on loopback, one streamed chat through both.
 *   --once  ends after the sample with status 0
 * Nothing leaves this machine, no login is needed, and everything it writes goes into a folder it removes.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBuild, ensureSimulator, root } from './prepare.mjs';

const once = process.argv.includes('--once');
const folder = mkdtempSync(join(tmpdir(), 'codex-gateway-demo-'));
const masterKey = 'sk-demo-key-for-loopback-only';
const children = [];
let ending = false;

process.on('SIGINT', () => end(0));
process.on('SIGTERM', () => end(0));

try {
  ensureBuild();
  const simulator = await startSimulator(ensureSimulator());
  const gateway = await startGateway(simulator);
  await sample(gateway);
  if (once) await end(0);
  else stay(gateway, simulator);
} catch (error) {
  console.error(`The demo failed: ${error.message}`);
  await end(1);
}

async function startSimulator(main) {
  const child = start(process.execPath, [main, '--auth-file', join(folder, 'auth.json')]);
  return JSON.parse(await firstLine(child, (line) => line.startsWith('{')));
}

async function startGateway({ url, authFile }) {
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    HOST: '127.0.0.1',
    LITELLM_MASTER_KEY: masterKey,
    STATE_DIR: join(folder, 'state'),
    CODEX_AUTH_FILE: authFile,
    CODEX_BASE_URL: `${url}/backend-api/codex`,
    CODEX_REFRESH_TOKEN_URL_OVERRIDE: `${url}/oauth/token`,
    CODEX_WHOAMI_URL: `${url}/whoami`,
    CODEX_INSTRUCTIONS_BASE_URL: `${url}/raw`,
    CODEX_RELEASES_URL: `${url}/releases/latest`,
  };
  const child = start(process.execPath, [join(root, 'dist', 'main.js'), '--port', '0'], { env, cwd: folder });
  const line = await firstLine(child, (text) => text.includes('listening on '));
  return /listening on (http:\/\/[^\s"]+)/.exec(line)[1];
}

/** One streamed chat, printed as it arrives. */
async function sample(url) {
  const question = 'Say hello to the team.';
  console.log(`\nYou:     ${question}`);
  process.stdout.write('Gateway: ');
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${masterKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'gpt-5.5',
      stream: true,
      stream_options: { include_usage: true },
      messages: [{ role: 'user', content: question }],
    }),
  });
  if (!response.ok) throw new Error(`the gateway answered ${response.status}: ${await response.text()}`);
  const usage = await printAnswer(response.body);
  console.log(`\nTokens:  ${usage.prompt_tokens} in, ${usage.completion_tokens} out, ${usage.total_tokens} in all\n`);
}

async function printAnswer(body) {
  let usage;
  let done = false;
  const lines = createInterface({ input: (await import('node:stream')).Readable.fromWeb(body) });
  for await (const line of lines) {
    if (!line.startsWith('data: ')) continue;
    if (line === 'data: [DONE]') {
      done = true;
      continue;
    }
    const chunk = JSON.parse(line.slice('data: '.length));
    if (chunk.error) throw new Error(chunk.error.message);
    process.stdout.write(chunk.choices[0]?.delta.content ?? '');
    usage = chunk.usage ?? usage;
  }
  if (!done || !usage) throw new Error('the stream ended early');
  return usage;
}

function stay(url, simulator) {
  console.log('Open while it runs:');
  console.log(`  ${url}/docs              the API`);
  console.log(`  ${url}/metrics           Prometheus metrics`);
  console.log(`  ${url}/health/readiness  health`);
  console.log(`  ${simulator.url}          the Codex simulator behind it\n`);
  console.log('Try it yourself:');
  console.log(`  curl ${url}/v1/chat/completions -H 'Authorization: Bearer ${masterKey}' \\`);
  console.log(
    `    -H 'Content-Type: application/json' -d '{"model":"gpt-5.5","messages":[{"role":"user","content":"Ping!"}]}'\n`,
  );
  console.log('Ctrl-C ends the demo.');
}

function start(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  child.tail = '';
  const keep = (data) => (child.tail = (child.tail + data).slice(-4000));
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  children.push(child);
  child.on('exit', (code) => {
    if (ending) return;
    console.error(`${args[0]} ended with status ${code}:\n${child.tail}`);
    void end(1);
  });
  return child;
}

function firstLine(child, wanted) {
  return new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => wanted(line) && resolve(line));
    }
    child.on('exit', (code) =>
      reject(new Error(`a process ended with status ${code} before it was ready\n${child.tail}`)),
    );
  });
}

async function end(status) {
  if (ending) return;
  ending = true;
  const gone = children.map((child) =>
    child.exitCode === null ? new Promise((resolve) => child.once('exit', resolve)) : undefined,
  );
  for (const child of children.reverse()) child.kill('SIGTERM');
  await Promise.all(gone);
  rmSync(folder, { recursive: true, force: true });
  process.exit(status);
}
