/** A family of models and the prompt file that the CLI's repository keeps for it. */
interface PromptFamily {
  /** Part of the slug; the first family that fits counts. */
  readonly contains: string;
  readonly file: string;
}

/** Models that have their prompt in a file of `codex-rs/core`. Newer ones have it in their catalog entry. */
const families: readonly PromptFamily[] = [
  { contains: 'gpt-5.2-codex', file: 'gpt-5.2-codex_prompt.md' },
  { contains: 'codex-max', file: 'gpt-5.1-codex-max_prompt.md' },
  { contains: 'codex', file: 'gpt_5_codex_prompt.md' },
  { contains: 'gpt-5.2', file: 'gpt_5_2_prompt.md' },
];
const anyOther = 'gpt_5_1_prompt.md';

/** The oldest file, there in every release: for families whose own file a newer release has dropped. */
export const originalPromptFile = 'prompt.md';

/** The prompt file of a model's family. */
export function promptFileOf(slug: string): string {
  const name = slug.toLowerCase();
  return families.find(({ contains }) => name.includes(contains))?.file ?? anyOther;
}
