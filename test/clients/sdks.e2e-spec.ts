import { spawn } from 'node:child_process';
import { once } from 'node:events';
import ts from 'typescript';
import { type Block, blocksOf, pageNamed, placeOf } from '../support/docs';
import { startBench, type TestBench } from '../support/gateway';
import { reasoningThenText } from '../simulator/answers';
import { hasPip, installedForNode, installedForPython } from './installed-sdks';

/** An install from a registry. */
jest.setTimeout(300_000);

const asked = (process.env['TEST_CLIENTS'] ?? 'all').split(',').includes('all');
const blocks = ['README.md', 'docs/clients.md'].flatMap((name) => blocksOf(pageNamed(name)));
const named = (...languages: readonly string[]): [string, Block][] =>
  blocks.filter(({ language }) => languages.includes(language)).map((block) => [placeOf(block), block]);

let bench: TestBench;
beforeAll(async () => {
  bench = await startBench({
    config: 'model_list:\n  - { model_name: team-default, litellm_params: { model: codex-oauth/gpt-5.5 } }\n',
  });
});
afterAll(async () => {
  await bench.close();
});

/** Runs a program of the documentation against the gateway. @returns what it printed. */
async function printed(
  command: string,
  args: readonly string[],
  where: { readonly cwd?: string; readonly env?: Record<string, string> },
): Promise<string> {
  const env = { ...process.env, ...where.env, GATEWAY_API_KEY: bench.key };
  const child = spawn(command, args, { ...where, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (part: string) => (stdout += part));
  child.stderr.setEncoding('utf8').on('data', (part: string) => (stderr += part));
  await once(child, 'close');
  if (child.exitCode !== 0) throw new Error(stderr);
  return stdout;
}

const addressed = (code: string): string => code.replaceAll('http://localhost:4000', bench.url);

(asked ? describe : describe.skip)('other people’s libraries, as documented', () => {
  const forNode = named('ts').filter(([, { code }]) => !code.includes("from 'openai'"));

  it.each(forNode)('for Node: %s', async (_, { code }) => {
    const folder = await installedForNode();
    const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
    const program = ts.transpile(addressed(code), options);
    const text = await printed(process.execPath, ['--input-type=module', '-e', program], { cwd: folder });
    expect(text).toContain('Hello from the simulator');
  });

  it('for Node: the AI SDK in the second turn of a conversation, after an answer with thinking', async () => {
    const folder = await installedForNode();
    const [, { code = '' } = {}] = forNode.find(([, block]) => block.code.includes("from '@ai-sdk/openai'")) ?? [];
    const turn = code
      .slice(0, code.indexOf('for await'))
      .replace('const { textStream } =', 'const turn = (messages) =>')
      .replace("prompt: 'Ping!'", 'messages');
    const program = `${addressed(turn)}
      const asked = [{ role: 'user', content: 'Ping!' }];
      const first = turn(asked);
      await first.consumeStream();
      const second = turn([...asked, ...(await first.response).messages, { role: 'user', content: 'Again!' }]);
      for await (const text of second.textStream) process.stdout.write(text);`;
    bench.simulator.script.next(reasoningThenText('Thinking.', 'First answer.'));
    const text = await printed(process.execPath, ['--input-type=module', '-e', program], { cwd: folder });
    expect(text).toContain('Hello from the simulator');
    expect(JSON.stringify(bench.simulator.seen.at(-1)?.body)).toContain('First answer.');
  });

  it('for Node: the provider that opencode uses', async () => {
    const folder = await installedForNode();
    const { provider } = JSON.parse(blocks.find(({ language }) => language === 'json')?.code ?? '') as {
      provider: { gateway: { npm: string; options: { baseURL: string } } };
    };
    expect(provider.gateway.npm).toBe('@ai-sdk/openai-compatible');
    const program = `import { createOpenAICompatible } from '${provider.gateway.npm}';
      import { generateText } from 'ai';
      const gateway = createOpenAICompatible({ name: 'gateway', baseURL: '${addressed(provider.gateway.options.baseURL)}', apiKey: process.env.GATEWAY_API_KEY });
      console.log((await generateText({ model: gateway('team-default'), prompt: 'Ping!' })).text);`;
    const text = await printed(process.execPath, ['--input-type=module', '-e', program], { cwd: folder });
    expect(text).toContain('Hello from the simulator');
  });

  (hasPip() ? it : it.skip).each(named('python'))('for Python: %s', async (_, { code }) => {
    const PYTHONPATH = await installedForPython();
    expect(await printed('python3', ['-c', addressed(code)], { env: { PYTHONPATH } })).toContain(
      'Hello from the simulator',
    );
  });
});
