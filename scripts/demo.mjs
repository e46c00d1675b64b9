/**
 * npm run demo: the Codex simulator and the gateway on loopback, a key with a budget, one streamed chat with that key, and
 * what the key spent.
 *   --once  ends after the sample with status 0
 * Nothing leaves this machine, no login is needed, and everything it writes goes into a folder it removes.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { ensureBuild, ensureSimulator, root } from './prepare.mjs';

const once = process.argv.includes('--once');
const folder = mkdtempSync(join(tmpdir(), 'codex-gateway-demo-'));
const masterKey = 'sk-demo-key-for-loopback-only';
const budget = { max_budget: 0.05, budget_duration: '1d' };
/** How long the books may take after the last byte of an answer. */
const settledWithinMs = 5_000;
const children = [];
let ending = false;

process.on('SIGINT', () => end(0));
process.on('SIGTERM', () => end(0));

try {
  ensureBuild();
  const simulator = await startSimulator(ensureSimulator());
  const gateway = await startGateway(simulator);
  const key = await makeKey(gateway);
  await sample(gateway, key);
  await showSpend(gateway, key);
  if (once) await end(0);
  else stay(gateway, simulator, key);
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

/** A virtual key, as an administrator hands them out. */
async function makeKey(url) {
  const body = { key_alias: 'demo', ...budget };
  const { key } = await ask(url, masterKey, 'POST', '/key/generate', body);
  console.log(`\nKey:     ${key}`);
  console.log(`         made with POST /key/generate for "demo": ${dollars(budget.max_budget)} a day\n`);
  return key;
}

/** One streamed chat, printed as it arrives. */
async function sample(url, key) {
  const question = 'Say hello to the team.';
  console.log(`You:     ${question}`);
  process.stdout.write('Gateway: ');
  const response = await send(url, key, 'POST', '/v1/chat/completions', {
    model: 'gpt-5.5',
    stream: true,
    stream_options: { include_usage: true },
    messages: [{ role: 'user', content: question }],
  });
  const usage = await printAnswer(response.body);
  console.log(`\nTokens:  ${usage.prompt_tokens} in, ${usage.completion_tokens} out, ${usage.total_tokens} in all`);
}

/** What the key spent, as its holder sees it (GET /key/info). A stream is settled right after its last byte. */
async function showSpend(url, key) {
  const deadline = Date.now() + settledWithinMs;
  for (;;) {
    const { info } = await ask(url, key, 'GET', '/key/info');
    if (info.spend > 0) {
      const left = dollars(info.max_budget - info.spend);
      console.log(`Spent:   ${dollars(info.spend)} of ${dollars(info.max_budget)}, ${left} left`);
      console.log(`         at list prices; the budget starts anew at ${info.budget_reset_at}\n`);
      return;
    }
    if (Date.now() > deadline) throw new Error('what the key spent did not appear in its books');
    await setTimeout(50);
  }
}

/** At least cents, and never less than a millionth of a dollar hidden. */
function dollars(amount) {
  const text = amount.toFixed(6).replace(/0{1,4}$/, '');
  return `$${text}`;
}

async function ask(url, key, method, path, body) {
  return (await send(url, key, method, path, body)).json();
}

async function send(url, key, method, path, body) {
  const headers = { authorization: `Bearer ${key}`, ...(body ? { 'content-type': 'application/json' } : {}) };
  const response = await fetch(`${url}${path}`, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
  if (!response.ok) throw new Error(`${method} ${path} was answered ${response.status}: ${await response.text()}`);
  return response;
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

function stay(url, simulator, key) {
  console.log('Open while it runs:');
  console.log(`  ${url}/docs              the API`);
  console.log(`  ${url}/metrics           Prometheus metrics`);
  console.log(`  ${url}/health/readiness  health`);
  console.log(`  ${simulator.url}          the Codex simulator behind it\n`);
  console.log('Try it in a second terminal:');
  console.log(`  curl ${url}/v1/chat/completions -H 'Authorization: Bearer ${key}' \\`);
  console.log(
    `    -H 'Content-Type: application/json' -d '{"model":"gpt-5.5","messages":[{"role":"user","content":"Ping!"}]}'`,
  );
  console.log(`  node dist/main.js usage --url ${url} --key ${key}`);
  console.log(`  node dist/main.js keys list --url ${url} --key ${masterKey}\n`);
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
