import { json, type Reply } from '../simulator/answer';
import { faults } from '../simulator/faults';
import { post, send } from './calls';
import { hostKey, type ListenedGateway, note, prompt } from './canary';
import { testKey } from './gateway';
import { type ProgramBench } from './program';

const chat = (more: Record<string, unknown> = {}) => ({
  model: 'codex',
  messages: [{ role: 'user', content: prompt }],
  ...more,
});
const responses = (more: Record<string, unknown> = {}) => ({ model: 'codex', input: prompt, ...more });
const native = {
  model: 'codex',
  instructions: prompt,
  input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: prompt }] }],
  store: false,
  stream: true,
};
const chatPath = '/v1/chat/completions';

/** Upstreams that say what they were asked, or with what. */
const quotingFaults: readonly Reply[] = [
  json(400, { error: { message: `Bad prompt: ${prompt}`, code: 'invalid_prompt', type: prompt } }),
  json(422, { detail: prompt }),
  json(500, { error: { message: 'Oops', code: prompt } }),
];
const tellingFaults: readonly Reply[] = [
  json(401, { error: { message: `Incorrect API key provided: ${hostKey}`, code: hostKey } }),
  json(500, { error: { message: `Bearer ${hostKey} failed`, type: hostKey } }),
];
const refreshFaults: readonly Reply[] = [
  faults.refreshEmptyAnswer,
  faults.refresh429,
  json(400, { error: 'invalid_request', error_description: `What is ${prompt}?` }),
];

type Gateways = readonly ListenedGateway[];

const each = (gateways: Gateways, work: (one: ListenedGateway) => Promise<unknown>): Promise<unknown> =>
  Promise.all(gateways.map(work));

/** All surfaces, streamed and whole. */
async function everySurface(one: ListenedGateway): Promise<void> {
  await Promise.all([
    one.ask(chatPath, chat()),
    one.ask(chatPath, chat({ stream: true })),
    one.ask('/v1/responses', responses({ stream: true })),
    one.ask('/v1/responses', responses()),
    one.ask('/backend-api/codex/responses', native),
  ]);
}

/** Every way in which an upstream fails, for everybody at once: some take their time. */
async function upstreamsFail({ simulator }: ProgramBench, gateways: Gateways): Promise<void> {
  const met: boolean[] = [];
  for (const fault of Object.values(faults)) {
    const before = simulator.counts.responses;
    simulator.script.always(fault);
    const isMet = (): boolean => simulator.counts.responses - before >= gateways.length;
    // On a busy machine a call may be over before it reaches the upstream; nothing else keeps a fault from being met.
    for (let tries = 0; tries < 5 && !isMet(); tries += 1) await each(gateways, everySurface);
    simulator.release();
    met.push(isMet());
  }
  expect(met).toEqual(met.map(() => true));
  for (const fault of quotingFaults) {
    simulator.script.always(fault);
    await each(gateways, (one) => one.slip(chatPath, chat()));
    await each(gateways, (one) => one.slip('/v1/responses', responses({ stream: true })));
  }
  simulator.script.always(faults.failedServerError);
  for (const fault of [...tellingFaults, faults.server500, faults.failedAfterText, faults.burst429]) {
    simulator.scripts.openAi.always(fault);
    for (const stream of [true, false])
      await each(gateways, (one) => one.ask(chatPath, chat({ model: 'other-host', stream })));
  }
  simulator.script.clear();
  simulator.scripts.openAi.clear();
}

/** A login that is refused, cannot be renewed, and is renewed in the end. */
async function loginsFail({ simulator }: ProgramBench, gateways: Gateways): Promise<void> {
  for (const one of gateways) one.expireLogin();
  for (const fault of refreshFaults) {
    simulator.scripts.oauth.always(fault);
    await each(gateways, (one) => one.ask(chatPath, chat()));
  }
  simulator.scripts.oauth.clear();
  await each(gateways, (one) => one.ask(chatPath, chat({ stream: true })));
}

/** What the holder of a key is refused, and what an admin does with secrets in hand. */
async function refused(one: ListenedGateway): Promise<void> {
  const made = async (fields: object): Promise<string> =>
    ((await post(one.admin, '/key/generate', fields)).json as { readonly key: string }).key;
  const keys = await Promise.all([
    made({ rpm_limit: 0 }),
    made({ max_budget: 0 }),
    made({ models: ['nothing'] }),
    made({ blocked: true }),
    made({ key: `sk-own-${one.virtualKey.slice(3)}` }),
  ]);
  for (const key of keys) one.errors.push((await post({ url: one.served.url, key }, chatPath, chat())).text);
  await post(one.admin, '/key/update', { key: one.virtualKey, metadata: { note } });
  one.quotes.push((await post(one.admin, '/key/generate', { key: one.virtualKey })).text);
  one.quotes.push((await post(one.admin, '/key/update', { key: one.virtualKey, max_budget: prompt })).text);
  await post(one.admin, '/key/regenerate', { key: keys[4] });
  await post(one.admin, '/key/delete', { keys: [keys[4], prompt] });
}

/** What a client can do wrong with a secret or its words in hand. */
async function badInput(one: ListenedGateway): Promise<void> {
  const { virtualKey, accessToken } = one;
  for (const model of [virtualKey, testKey, accessToken, prompt, `${prompt}\u001b[31m\n`]) {
    await one.slip(chatPath, chat({ model }));
  }
  const wrong: readonly unknown[] = [
    chat({ messages: prompt }),
    chat({ messages: [{ role: prompt, content: prompt }] }),
    chat({ temperature: prompt, tools: [{ type: prompt, function: { name: prompt } }] }),
    chat({ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: `data:${prompt}` } }] }] }),
    chat({ [prompt]: virtualKey, metadata: { key: testKey } }),
    chat({ user: virtualKey, tags: [testKey], metadata: { spend_logs_metadata: { key: virtualKey } } }),
    responses({ previous_response_id: virtualKey }),
    responses({ input: 'fail the hook', instructions: prompt }),
    prompt,
  ];
  for (const body of wrong) {
    await one.slip(chatPath, body);
    await one.slip('/v1/responses', body);
  }
  const raw = { method: 'POST', headers: { 'content-type': 'application/json' }, body: `{"model": ${prompt}` };
  const target = { url: one.served.url, key: virtualKey };
  one.quotes.push((await send(target, chatPath, raw)).text);
  const paths = [
    `/v1/${virtualKey}`,
    `/v1/models/${virtualKey}`,
    `/nowhere?key=${testKey}`,
    `/nowhere?q=${encodeURIComponent(prompt)}`,
  ];
  for (const path of paths) {
    await send(target, path, { headers: { 'user-agent': `agent ${virtualKey}`, 'x-request-id': virtualKey } });
  }
  for (const authorization of [`Bearer ${accessToken}`, `Bearer ${virtualKey}x`, `Basic ${virtualKey}`]) {
    await one.slip(chatPath, chat(), { authorization });
  }
}

/** What a client wrote it may read again in its own error. */
export const own = [
  ...['prompt', 'virtualKey', 'masterKey', 'token 0'].map((name) => `${name} in quotes`),
  ...['keys', 'files', 'redis'].map((place) => `note in ${place}`),
];

/** Every error path, for all of these gateways at the same time. */
export async function everythingGoesWrong(bench: ProgramBench, gateways: Gateways): Promise<void> {
  await each(gateways, async (one) => {
    expect((await one.ask(chatPath, chat())).status).toBe(200);
  });
  await each(gateways, badInput);
  await each(gateways, refused);
  await upstreamsFail(bench, gateways);
  await loginsFail(bench, gateways);
}
