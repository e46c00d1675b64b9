import { text, textThenToolCalls } from '../simulator/answers';
import { faults } from '../simulator/faults';
import { type JsonObject, objectOf, objectsOf, stringOf } from '../simulator/json';
import { startBench, type TestBench } from '../support/gateway';
import { CodexHome } from './codex-home';
import { codexSetups, isAskedFor, serveFile } from './codex-setups';
import { installedCodex } from './installed-codex';

/** An install from the registry, or a few turns of a CLI that finds no host but ours. */
jest.setTimeout(240_000);

const onePixel = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

describe.each(codexSetups.filter(({ version }) => isAskedFor(version)))('Codex CLI $version with $title', (setup) => {
  let bench: TestBench;
  let codex: CodexHome;

  beforeAll(async () => {
    const command = await installedCodex(setup.version);
    bench = await startBench({ config: serveFile });
    codex = new CodexHome(command, { GATEWAY_API_KEY: bench.key });
    codex.write('config.toml', setup.configFor(bench.url));
    if (setup.loginFor !== undefined) codex.write('auth.json', JSON.stringify(setup.loginFor(bench.key)));
  });

  afterAll(async () => {
    codex.remove();
    await bench.close();
  });

  beforeEach(() => {
    bench.simulator.script.clear();
  });

  /** Bodies of what reached the upstream's model since the mark. */
  function turnsSince(mark: number): readonly JsonObject[] {
    return bench.simulator.seen
      .slice(mark)
      .filter(({ path }) => path.endsWith('/responses'))
      .map(({ body }) => objectOf(body));
  }

  it('prints the answer to a prompt after a single call', async () => {
    const mark = bench.simulator.seen.length;
    const run = await codex.exec('Say hello.');
    expect(run).toMatchObject({ exitCode: 0, stdout: 'Hello from the simulator, all is well.\n' });
    expect(run.stderr).not.toMatch(/reconnecting|rerouted|falling back/i);
    const [turn, ...more] = turnsSince(mark);
    expect(more).toEqual([]);
    expect(turn?.['model']).toBe('gpt-5.5');
    expect(words(lastItem(turn))).toContain('Say hello.');
  });

  it('runs a tool that the model calls and gives its output back', async () => {
    const mark = bench.simulator.seen.length;
    const run = await codex.exec('Please use the tool.');
    expect(run).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/The tool answered:[^]*tool-ran/) as string,
    });
    const [asked, answered, ...more] = turnsSince(mark);
    expect(more).toEqual([]);
    expect(typesIn(asked)).not.toContain('function_call_output');
    const [call, output] = objectsOf(answered?.['input']).slice(-2);
    expect(call).toMatchObject({
      type: 'function_call',
      arguments: expect.stringContaining('echo tool-ran') as string,
    });
    expect(output).toMatchObject({ type: 'function_call_output', call_id: call?.['call_id'] });
    expect(JSON.stringify(output?.['output'])).toContain('tool-ran');
  });

  it('shows an image to the model', async () => {
    const mark = bench.simulator.seen.length;
    const run = await codex.exec('What is on this picture?', ['-i', codex.write('pixel.png', onePixel)]);
    expect(run).toMatchObject({ exitCode: 0, stdout: 'I see an image.\n' });
    const [turn] = turnsSince(mark);
    const image = objectsOf(lastItem(turn)['content']).find((part) => part['type'] === 'input_image');
    expect(image?.['image_url']).toMatch(/^data:image\/png;base64,iVBOR/);
  });

  it(`compacts its history by ${setup.compaction} and goes on with it`, async () => {
    const mark = bench.simulator.seen.length;
    const call = { name: 'exec_command', args: { cmd: 'echo tool-ran' } };
    const usage = { input: 90_000, cached: 0, output: 5, reasoning: 0 };
    bench.simulator.script.next(textThenToolCalls('I look around.', [call], { usage }));
    if (setup.compaction === 'summary prompt') bench.simulator.script.next(text('Handed over: the cupboard is bare.'));
    const run = await codex.exec('Work for a long time.', ['-c', 'model_auto_compact_token_limit=5000']);
    expect(run).toMatchObject({ exitCode: 0, stdout: 'Hello from the simulator, all is well.\n' });

    const turns = turnsSince(mark);
    expect(turns).toHaveLength(setup.compaction === 'compact route' ? 2 : 3);
    expect(typesIn(turns[0])).not.toContain('compaction');
    const compactions = bench.simulator.seen.slice(mark).filter(({ path }) => path.endsWith('/responses/compact'));
    expect(compactions).toHaveLength(setup.compaction === 'compact route' ? 1 : 0);
    if (setup.compaction === 'trigger item') expect(typesIn(turns[1]).at(-1)).toBe('compaction_trigger');
    const handedOver = lastItem(turns.at(-1));
    if (setup.compaction === 'summary prompt') expect(words(handedOver)).toContain('the cupboard is bare');
    else expect(handedOver).toMatchObject({ type: 'compaction', encrypted_content: expect.any(String) as string });
    expect(typesIn(turns.at(-1))).not.toContain('function_call_output');
  });

  it('stops after a single call when the quota is spent, and shows why', async () => {
    const mark = bench.simulator.seen.length;
    bench.simulator.script.next(faults.usageLimit);
    const run = await codex.exec('Say hello.');
    expect(run.exitCode).not.toBe(0);
    expect(run.stderr).toMatch(/You.ve hit your usage limit\. .*quota.* try again at/i);
    expect(run.stderr).not.toMatch(/reconnecting/i);
    expect(turnsSince(mark)).toHaveLength(1);
  });

  it('names a model that is not served', async () => {
    const run = await codex.exec('Say hello.', ['-m', 'gpt-nobody']);
    expect(run.exitCode).not.toBe(0);
    expect(run.stderr).toContain("The model 'gpt-nobody' does not exist here");
  });

  it('shows the words of a refused key', async () => {
    const stranger = new CodexHome(await installedCodex(setup.version), {
      GATEWAY_API_KEY: 'sk-nobody-knows-this-key',
    });
    try {
      stranger.write('config.toml', setup.configFor(bench.url));
      const login = setup.loginFor?.('sk-nobody-knows-this-key');
      if (login !== undefined) stranger.write('auth.json', JSON.stringify(login));
      const mark = bench.simulator.seen.length;
      const run = await stranger.exec('Say hello.');
      expect(run.exitCode).not.toBe(0);
      expect(run.stderr).toContain('Invalid api key passed in');
      expect(bench.simulator.seen.slice(mark)).toEqual([]);
    } finally {
      stranger.remove();
    }
  });
});

function lastItem(turn: JsonObject | undefined): JsonObject {
  return objectsOf(turn?.['input']).at(-1) ?? {};
}

function typesIn(turn: JsonObject | undefined): readonly (string | undefined)[] {
  return objectsOf(turn?.['input']).map((item) => stringOf(item['type']));
}

function words(item: JsonObject): string {
  return objectsOf(item['content'])
    .map((part) => stringOf(part['text']) ?? '')
    .join('\n');
}
