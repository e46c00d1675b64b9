import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chatBody, post, send } from '../support/calls';
import { startBench, type TestBench } from '../support/gateway';
import { refusedConnection } from '../simulator/answer';
import { faults } from '../simulator/faults';

const chat = '/v1/chat/completions';
const config = `
model_list:
  - model_name: team-default
    litellm_params: { model: codex-oauth/gpt-5.5 }
    model_info: { id: seat-one }
  - model_name: team-lite
    litellm_params: { model: chatgpt/gpt-6-sol }
  - model_name: metered
    litellm_params: { model: openai/gpt-4.1, api_base: 'http://127.0.0.1:9/v1', api_key: sk-secret-of-the-metered-host }
router_settings:
  model_group_alias:
    fast: team-default
    quiet: { model: team-default, hidden: true }
`;

const benches: TestBench[] = [];
async function started(options: Parameters<typeof startBench>[0] = {}): Promise<TestBench> {
  const bench = await startBench(options);
  benches.push(bench);
  return bench;
}
afterAll(async () => {
  for (const bench of benches) await bench.close();
});

describe('the model lists', () => {
  let bench: TestBench;
  beforeAll(async () => {
    bench = await started({ config });
  });

  it('name groups and visible aliases for the SDK, one by one too', async () => {
    const listed = await bench.client.models.list();
    expect(listed.data.map(({ id }) => id)).toEqual(['fast', 'metered', 'team-default', 'team-lite']);
    expect(await bench.client.models.retrieve('team-default')).toEqual(listed.data[2]);
    await expect(bench.client.models.retrieve('nowhere')).rejects.toMatchObject({ status: 404 });
    expect((await send(bench, '/models')).json).toEqual((await send(bench, '/v1/models')).json);
  });

  it('carry the catalog for a CLI, aliases copied from their targets, every required field there', async () => {
    const answer = await send(bench, '/v1/models?client_version=0.169.0');
    const { data, models } = answer.json as { data: unknown[]; models: Record<string, unknown>[] };
    expect(data).toHaveLength(4);
    const required = [
      'slug',
      'display_name',
      'supported_reasoning_levels',
      'shell_type',
      'visibility',
      'supported_in_api',
      'priority',
      'base_instructions',
      'support_verbosity',
      'truncation_policy',
      'experimental_supported_tools',
    ];
    for (const model of models) expect(Object.keys(model)).toEqual(expect.arrayContaining(required));
    const bySlug = new Map(models.map((model) => [model['slug'], model]));
    const levels = bySlug.get('fast')?.['supported_reasoning_levels'];
    expect(levels).toContainEqual(expect.objectContaining({ effort: 'high' }));
    expect(levels).toEqual(bySlug.get('team-default')?.['supported_reasoning_levels']);
    const native = await send(bench, '/backend-api/codex/models');
    expect((native.json as { models: unknown }).models).toEqual(models);
  });

  it('are not sent again to who has them', async () => {
    const first = await send(bench, '/v1/models');
    const etag = first.headers.get('etag') ?? '';
    const again = await send(bench, '/v1/models', { headers: { 'if-none-match': etag } });
    expect({ status: again.status, text: again.text }).toEqual({ status: 304, text: '' });
  });

  it('in LiteLLM’s shapes hold no secret', async () => {
    const info = await send(bench, '/v1/model/info');
    expect(info.json).toMatchObject({
      data: expect.arrayContaining([expect.objectContaining({ model_name: 'team-default' })]) as unknown,
    });
    const groups = await send(bench, '/model_group/info');
    expect(groups.status).toBe(200);
    for (const { text } of [info, groups]) expect(text).not.toMatch(/sk-secret|eyJ|auth\.json/);
  });
});

describe('a catalog that cannot be had', () => {
  it.each([
    ['is unreachable', refusedConnection()],
    ['answers 500', faults.server500],
    ['answers a page', faults.cloudflare403],
    ['answers no catalog', faults.refreshEmptyAnswer],
  ])('because it %s is replaced by the snapshot, and calls are served', async (_, fault) => {
    const bench = await started();
    bench.simulator.scripts.models.always(fault);
    expect((await post(bench, chat, chatBody())).status).toBe(200);
    const listed = await bench.client.models.list();
    expect(listed.data.map(({ id }) => id)).toContain('gpt-5.5');
    expect((await send(bench, '/v1/models?client_version=0.169.0')).text).not.toMatch(/<html|just a moment/i);
  });
});

describe('a login', () => {
  it('that is missing, torn or expired is a 503 that says what to do, and serves again once it is there', async () => {
    const bench = await started();
    const path = join(bench.folder, 'auth.json');
    const whole = readFileSync(path, 'utf8');
    const expired = (): void => void bench.simulator.makeAuthFile(bench.folder, { expiresInSeconds: -60 });
    const breaks: readonly (readonly [string, () => void])[] = [
      [
        'missing',
        () => {
          rmSync(path);
        },
      ],
      [
        'torn',
        () => {
          writeFileSync(path, whole.slice(0, whole.length / 2));
        },
      ],
      [
        'empty',
        () => {
          writeFileSync(path, '');
        },
      ],
      [
        'without a token',
        () => {
          writeFileSync(path, '{"tokens":{}}');
        },
      ],
      ['expired', expired],
    ];
    for (const [kind, breakIt] of breaks) {
      const own = await started();
      const ownPath = join(own.folder, 'auth.json');
      breakIt();
      const broken = kind === 'missing' ? undefined : readFileSync(path, 'utf8');
      if (broken === undefined) rmSync(ownPath);
      else writeFileSync(ownPath, broken);
      const answers = await Promise.all([post(own, chat, chatBody()), post(own, chat, chatBody({ stream: true }))]);
      for (const answer of answers) {
        expect({ kind, status: answer.status, json: answer.json }).toMatchObject({
          kind,
          status: 503,
          json: {
            error: {
              type: 'upstream_authentication_error',
              code: '503',
              message: expect.stringContaining('codex login') as string,
            },
          },
        });
        expect(answer.text).not.toMatch(/eyJ|rt_|Unexpected token/);
      }
      expect(own.simulator.counts.responses).toBe(0);
      expect((await send(own, '/health/liveliness')).status).toBe(200);
      own.simulator.makeAuthFile(own.folder, { fileName: 'auth.json' });
      expect(await servesWithin(own, 5_000)).toBe(true);
    }
  });
});

/** The file is looked at again at most about once a second. */
async function servesWithin(bench: TestBench, ms: number): Promise<boolean> {
  for (const until = performance.now() + ms; performance.now() < until;) {
    if ((await post(bench, chat, chatBody())).status === 200) return true;
  }
  return false;
}
