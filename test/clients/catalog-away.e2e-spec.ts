import { refusedConnection } from '../simulator/answer';
import { objectOf, objectsOf, stringOf } from '../simulator/json';
import { startBench, type TestBench } from '../support/gateway';
import { CodexHome } from './codex-home';
import { isAskedFor } from './codex-setups';
import { installedCodex } from './installed-codex';

/** An install from the registry, or a turn of a CLI that finds no host but ours. */
jest.setTimeout(240_000);

const surfaces = ['/v1', '/backend-api/codex'] as const;

const setup = (url: string, surface: string): string => `
model = "gpt-6-sol"
model_provider = "gw"

[model_providers.gw]
name = "Codex Gateway"
base_url = "${url}${surface}"
model_catalog_url = "${url}${surface}/models"
env_key = "GATEWAY_API_KEY"
wire_api = "responses"
`;

const asked = isAskedFor('0.169.0') ? describe : describe.skip;

asked.each(surfaces)('Codex CLI 0.169.0 on %s, while the account’s catalog cannot be had', (surface) => {
  let bench: TestBench;
  let codex: CodexHome;

  beforeAll(async () => {
    const command = await installedCodex('0.169.0');
    bench = await startBench();
    bench.simulator.scripts.models.always(refusedConnection());
    codex = new CodexHome(command, { GATEWAY_API_KEY: bench.key });
    codex.write('config.toml', setup(bench.url, surface));
  });

  afterAll(async () => {
    codex.remove();
    await bench.close();
  });

  it('answers with its general prompt, also by a lite model that it knows nothing of', async () => {
    const run = await codex.exec('Say hello.');
    expect(run).toMatchObject({ exitCode: 0, stdout: 'Hello from the simulator, all is well.\n' });
    expect(run.stderr).not.toMatch(/error|reconnecting/i);
    const turns = bench.simulator.seen.filter(({ path }) => path.endsWith('/responses'));
    expect(turns).toHaveLength(1);
    expect(turns[0]?.headers['x-openai-internal-codex-responses-lite']).toBe('true');
    const prompts = objectsOf(objectOf(turns[0]?.body)['input']).filter(({ role }) => role === 'developer');
    const words = prompts.flatMap(({ content }) => objectsOf(content).map(({ text }) => stringOf(text) ?? ''));
    expect(words.join('\n').length).toBeGreaterThan(10_000);
  });
});
