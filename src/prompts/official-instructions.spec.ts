import { createHash } from 'node:crypto';
import { type CodexHooks } from '../config/hooks';
import { defaultTimeLimits } from '../config/time-limits';
import { GatewayMetrics } from '../telemetry/gateway-metrics';
import { LimitBook } from '../telemetry/limit-book';
import { GatewayLogger } from '../telemetry/logger';
import { MetricsObserver } from '../telemetry/metrics-observer';
import { codexModeOf } from './codex-mode';
import { defaultInstructions, OfficialInstructionsSource } from './official-instructions';
import { promptFileOf } from './prompt-families';
import { type FoundPrompt, type ReleasePrompts } from './release-prompts';

const sha = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Knows some files. */
class Shelf {
  readonly asked: string[] = [];
  constructor(private readonly files: Readonly<Record<string, FoundPrompt>> = {}) {}
  read(file: string): Promise<FoundPrompt | undefined> {
    this.asked.push(file);
    return Promise.resolve(this.files[file]);
  }
}

function source(
  shelf: Shelf,
  hooks: readonly CodexHooks[] = [],
  metrics = new GatewayMetrics(),
): OfficialInstructionsSource {
  const silent = new GatewayLogger({ logLevel: 'silent' });
  const observer = new MetricsObserver(metrics, silent, new LimitBook(metrics, () => 0, 1));
  return new OfficialInstructionsSource(shelf as unknown as ReleasePrompts, hooks, observer, {
    times: { ...defaultTimeLimits, hookMs: 20 },
  });
}

describe('the official instructions', () => {
  const file = { text: 'From a file.', source: 'stale', ageMs: 90_000 } as const;

  it('are the text of the catalog, and no file is looked for', async () => {
    const shelf = new Shelf();
    expect(await source(shelf).officialFor('m', 'Be a coder.')).toEqual({
      text: 'Be a coder.',
      report: { sha256: sha('Be a coder.'), source: 'catalog', ageMs: 0 },
    });
    expect(shelf.asked).toEqual([]);
  });

  it.each([undefined, '', ' \n'])('are the file of the family when the catalog says %j', async (text) => {
    const found = await source(new Shelf({ 'gpt_5_1_prompt.md': file })).officialFor('gpt-5.5', text);
    expect(found).toEqual({ text: file.text, report: { sha256: sha(file.text), source: 'stale', ageMs: 90_000 } });
  });

  it('are a short default when there is nothing', async () => {
    const { text, report } = await source(new Shelf()).officialFor('m', undefined);
    expect([text, report.source]).toEqual([defaultInstructions, 'default']);
    expect(text).not.toBe('');
  });

  it('are told after the hooks, in their order', async () => {
    const hooks = [
      { prompt: (text: string) => `${text}1` },
      {},
      { prompt: (text: string) => Promise.resolve(`${text}2`) },
    ];
    const { text, report } = await source(new Shelf(), hooks).officialFor('m', 'x');
    expect([text, report.sha256]).toEqual(['x12', sha('x12')]);
  });

  it.each(['', 7, undefined])('are never what a hook makes of them by returning %j', async (bad) => {
    const hooks = [{ prompt: () => bad as string }];
    await expect(source(new Shelf(), hooks).officialFor('m', 'x')).rejects.toMatchObject({ code: 'hook_failed' });
  });

  it('are not waited for without an end', async () => {
    const hooks = [{ prompt: () => new Promise<string>(() => undefined) }];
    await expect(source(new Shelf(), hooks).officialFor('m', 'x')).rejects.toMatchObject({ code: 'hook_failed' });
  });

  it('are counted by source and text, with a bound on texts that a hook makes up', async () => {
    const metrics = new GatewayMetrics();
    let turn = 0;
    const instructions = source(
      new Shelf(),
      [{ prompt: (text) => (text === 'x' ? `x${(turn += 1)}` : text) }],
      metrics,
    );
    await instructions.officialFor('m', 'Be a coder.');
    await instructions.officialFor('m', 'Be a coder.');
    for (let time = 0; time < 100; time += 1) await instructions.officialFor('m', 'x');
    const { text } = await metrics.exposition();
    expect(text).toContain(`codex_instructions_total{source="catalog",sha256="${sha('Be a coder.').slice(0, 16)}"} 2`);
    expect(text).toContain('codex_instructions_total{source="catalog",sha256="other"} 51');
    expect(text).not.toContain('coder');
  });
});

describe('the prompt file of a family', () => {
  it.each([
    ['gpt-5.2-codex', 'gpt-5.2-codex_prompt.md'],
    ['gpt-5.1-codex-max', 'gpt-5.1-codex-max_prompt.md'],
    ['gpt-5-codex', 'gpt_5_codex_prompt.md'],
    ['codex-mini-latest', 'gpt_5_codex_prompt.md'],
    ['GPT-5.3-Codex', 'gpt_5_codex_prompt.md'],
    ['gpt-5.2', 'gpt_5_2_prompt.md'],
    ['gpt-5.1', 'gpt_5_1_prompt.md'],
    ['something-new', 'gpt_5_1_prompt.md'],
  ])('of %s is %s', (slug, expected) => {
    expect(promptFileOf(slug)).toBe(expected);
  });
});

describe('the mode', () => {
  it.each([
    [undefined, undefined, true, true],
    [undefined, undefined, false, false],
    [undefined, false, true, false],
    [undefined, true, false, true],
    [true, false, false, true],
    [false, true, true, false],
  ])('of key %j, deployment %j and process %j is %j', (key, deployment, process, expected) => {
    expect(codexModeOf({ key, deployment, process })).toBe(expected);
  });
});
