import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recordedRequest } from '../support/fixtures';
import { cutAfterBytes, heldUsual, usualChanged } from './answer';
import { text } from './answers';
import { type AuthFileShape } from './auth-file';
import { call, eventsIn, type HeardAnswer, jsonIn, loginHeaders, spokenIn } from './caller';
import { faults } from './faults';
import { type JsonObject, objectOf, parseJson } from './json';
import { authClaim, readClaims } from './jwt';
import { withdrawnKey } from './openai-host';
import { type Simulator, startSimulator } from './simulator';

let simulator: Simulator;
let folder: string;
beforeAll(async () => {
  simulator = await startSimulator();
  folder = mkdtempSync(join(tmpdir(), 'simulator-'));
});
afterEach(() => {
  simulator.reset();
});
afterAll(async () => {
  await simulator.close();
  rmSync(folder, { recursive: true });
});

const refreshFields = { client_id: 'app_x', grant_type: 'refresh_token' };

function refresh(refreshToken: string): Promise<HeardAnswer> {
  const body = JSON.stringify({ ...refreshFields, refresh_token: refreshToken });
  return call(simulator.tokenUrl, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
}

function codeOf(heard: HeardAnswer): unknown {
  return objectOf(jsonIn(heard.bytes)['error'])['code'];
}

describe('the token endpoint', () => {
  it('rotates: the successor works, the old one was used before', async () => {
    const login = simulator.tokens.mint({ plan: 'pro', isFedramp: true });
    const first = jsonIn((await refresh(login.refreshToken)).bytes);
    expect(first).toMatchObject({ token_type: 'Bearer', expires_in: 864_000 });
    const claims = readClaims(String(first['access_token']));
    expect(claims).toMatchObject({
      client_id: 'app_EMoamEEZ73f0CkXaXp7hrann',
      [authClaim]: { chatgpt_account_id: login.accountId, chatgpt_plan_type: 'pro', chatgpt_account_is_fedramp: true },
    });
    expect(readClaims(String(first['id_token']))).toMatchObject({ email: login.email });
    const again = await refresh(login.refreshToken);
    expect([again.status, codeOf(again)]).toEqual([401, 'refresh_token_reused']);
    expect((await refresh(String(first['refresh_token']))).status).toBe(200);
    expect(simulator.counts).toMatchObject({ refreshes: 2, refreshAttempts: 3, reusedTokens: 1 });
  });

  it('kills the whole family on reuse when told so', async () => {
    simulator.tokens.killsFamiliesOnReuse = true;
    const login = simulator.tokens.mint();
    const next = jsonIn((await refresh(login.refreshToken)).bytes);
    await refresh(login.refreshToken);
    expect(codeOf(await refresh(String(next['refresh_token'])))).toBe('refresh_token_invalidated');
  });

  it('knows dead and unknown tokens', async () => {
    const login = simulator.tokens.mint();
    simulator.tokens.kill(login.accountId, 'expired');
    expect(codeOf(await refresh(login.refreshToken))).toBe('refresh_token_expired');
    expect(codeOf(await refresh('rt_unknown'))).toBe('token_expired');
  });

  it('reads forms', async () => {
    const { refreshToken } = simulator.tokens.mint();
    const body = new URLSearchParams({ ...refreshFields, refresh_token: refreshToken }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await call(simulator.tokenUrl, { method: 'POST', headers, body })).status).toBe(200);
  });

  it('fails, dawdles and loses answers by script', async () => {
    const { refreshToken, accountId } = simulator.tokens.mint();
    simulator.scripts.oauth.next(
      faults.refreshInvalidGrant,
      heldUsual(),
      usualChanged((answer) => cutAfterBytes(answer, 0)),
    );
    expect((await refresh(refreshToken)).status).toBe(400);
    const slow = refresh(refreshToken);
    await simulator.waitForRequest((seen) => seen === simulator.seen[1]);
    expect(simulator.counts.refreshes).toBe(0);
    simulator.release();
    const successor = String(jsonIn((await slow).bytes)['refresh_token']);
    expect((await refresh(successor)).broken).toBe('ECONNRESET');
    expect(simulator.counts.refreshes).toBe(2);
    expect(simulator.tokens.current(accountId)?.refreshToken).not.toBe(successor);
  });
});

describe('a login file', () => {
  it.each<[AuthFileShape, readonly string[]]>([
    ['current', ['OPENAI_API_KEY', 'auth_mode', 'last_refresh', 'tokens']],
    ['old', ['OPENAI_API_KEY', 'last_refresh', 'tokens']],
    ['nested', ['chatgpt']],
    ['flat', ['access_token', 'expires_at', 'refresh_token']],
    ['litellm', ['access_token', 'account_id', 'expires_at', 'id_token', 'refresh_token']],
    ['apikey', ['OPENAI_API_KEY', 'auth_mode']],
    ['personal', ['OPENAI_API_KEY', 'auth_mode', 'personal_access_token']],
  ])('of shape %s is written private and complete', (shape, keys) => {
    const written = simulator.makeAuthFile(folder, { shape, fileName: `${shape}.json` });
    const raw = readFileSync(written.path, 'utf8');
    expect(Object.keys(objectOf(parseJson(raw))).sort()).toEqual(keys);
    expect(raw).toContain(written.bearer);
    expect(statSync(written.path).mode & 0o777).toBe(0o600);
  });

  it('can be near its end', () => {
    const { login } = simulator.makeAuthFile(folder, { expiresInSeconds: 60 });
    const left = Number(readClaims(login.accessToken)?.['exp']) - Date.now() / 1000;
    expect(left).toBeGreaterThan(50);
    expect(left).toBeLessThanOrEqual(60);
  });
});

describe('the account routes', () => {
  it('say whose personal token it is', async () => {
    const { token, login } = simulator.tokens.mintPersonal();
    const known = await call(`${simulator.url}/whoami`, { headers: { authorization: `Bearer ${token}` } });
    const unknown = await call(`${simulator.url}/whoami`, { headers: { authorization: 'Bearer at-none' } });
    expect(jsonIn(known.bytes)).toMatchObject({ chatgpt_account_id: login.accountId, email: login.email });
    expect(unknown.status).toBe(401);
  });

  it('tell usage and workspace', async () => {
    const headers = loginHeaders(simulator);
    const usage = jsonIn((await call(`${simulator.url}/backend-api/wham/usage`, { headers })).bytes);
    const check = jsonIn((await call(`${simulator.url}/backend-api/wham/accounts/check`, { headers })).bytes);
    expect(usage).toMatchObject({
      plan_type: 'plus',
      rate_limit: { primary_window: { limit_window_seconds: 18_000 } },
    });
    expect(check).toMatchObject({ default_account_id: headers['chatgpt-account-id'] });
    expect((await call(`${simulator.url}/backend-api/wham/usage`)).status).toBe(401);
  });
});

describe('the catalog', () => {
  const slugsFor = async (version: string): Promise<readonly unknown[]> => {
    const url = `${simulator.codexUrl}/models?client_version=${version}`;
    const models = jsonIn((await call(url, { headers: loginHeaders(simulator) })).bytes)['models'];
    return (models as readonly JsonObject[]).map((model) => model['slug']);
  };

  it('shows what the client version may see', async () => {
    expect(await slugsFor('0.169.0')).toHaveLength(12);
    expect(await slugsFor('0.124.0')).toEqual(['gpt-5.5', 'codex-auto-review']);
    expect(await slugsFor('0.1.0')).toEqual([]);
    expect(await slugsFor('0.0.0')).toHaveLength(12);
  });

  it('answers the recorded request of the CLI, and 304 while its tag is current', async () => {
    const url = `${simulator.url}${recordedRequest('models-get-0.169.0').url}`;
    const headers = loginHeaders(simulator);
    const { etag = '' } = (await call(url, { headers })).headers;
    const again = await call(url, { headers: { ...headers, 'if-none-match': etag } });
    simulator.catalog.replace(simulator.catalog.models.slice(1));
    const changed = await call(url, { headers: { ...headers, 'if-none-match': etag } });
    expect([etag.slice(0, 3), again.status, changed.status]).toEqual(['W/"', 304, 200]);
    expect(simulator.counts).toMatchObject({ catalogFetches: 3, catalogNotModified: 1 });
  });

  it('asks for the version', async () => {
    const heard = await call(`${simulator.codexUrl}/models`, { headers: loginHeaders(simulator) });
    expect([heard.status, JSON.stringify(jsonIn(heard.bytes))]).toEqual([
      400,
      expect.stringContaining('client_version'),
    ]);
  });
});

describe('the prompt host', () => {
  it('names the newest release and serves its files with a tag', async () => {
    const tag = jsonIn((await call(`${simulator.url}/releases/latest`)).bytes)['tag_name'];
    const url = `${simulator.url}/raw/${String(tag)}/codex-rs/core/gpt_5_codex_prompt.md`;
    const first = await call(url);
    const again = await call(url, { headers: { 'if-none-match': first.headers['etag'] ?? '' } });
    simulator.prompts.write('gpt_5_codex_prompt.md', 'New text.');
    const changed = await call(url, { headers: { 'if-none-match': first.headers['etag'] ?? '' } });
    expect([first.status, again.status, changed.status]).toEqual([200, 304, 200]);
    expect(changed.bytes.toString()).toContain('New text.');
    expect((await call(url.replace('gpt_5_codex', 'unknown'))).status).toBe(404);
  });

  it('runs into limits by script', async () => {
    simulator.scripts.releases.next(faults.githubLimit403);
    expect((await call(`${simulator.url}/releases/latest`)).headers).toMatchObject({ 'x-ratelimit-remaining': '0' });
  });
});

describe('the plain Responses host', () => {
  const post = (body: JsonObject, key = 'sk-test', path = '/responses'): Promise<HeardAnswer> =>
    call(`${simulator.openAiUrl}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const body = { model: 'gpt-4.1', input: 'hi', temperature: 0.2, max_output_tokens: 5, store: true };

  it('answers in one body or as a stream, with its items', async () => {
    const whole = jsonIn((await post(body)).bytes);
    const streamed = await post({ ...body, stream: true });
    expect(whole).toMatchObject({
      object: 'response',
      status: 'completed',
      output: [{ type: 'message' }],
      model: 'gpt-4.1',
    });
    expect(eventsIn(streamed.bytes)[0]?.['type']).toBe('response.created');
    expect(objectOf(eventsIn(streamed.bytes).at(-1)?.['response'])['output']).toHaveLength(1);
    expect(simulator.counts.openAiResponses).toBe(2);
  });

  it('follows its own script', async () => {
    simulator.scripts.openAi.next(text('Scripted'), faults.failedServerError, faults.server500);
    const [streamed, failed, broken] = [await post({ ...body, stream: true }), await post(body), await post(body)];
    expect([spokenIn(streamed.bytes), failed.status, broken.status]).toEqual(['Scripted', 500, 500]);
  });

  it('wants a key that is still good', async () => {
    expect((await post(body, 'jwt')).status).toBe(401);
    expect(codeOf(await post(body, withdrawnKey))).toBe('invalid_api_key');
  });

  it('can lack the API, or only compaction', async () => {
    expect((await post(body, 'sk-test', '/responses/compact')).status).toBe(200);
    simulator.switches.openAiLacksCompact = true;
    expect((await post(body, 'sk-test', '/responses/compact')).status).toBe(404);
    expect((await post(body)).status).toBe(200);
    simulator.switches.openAiLacksResponses = true;
    expect((await post(body)).status).toBe(404);
  });
});
