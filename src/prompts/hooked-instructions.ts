import { Inject, Injectable } from '@nestjs/common';
import { type CodexHooks } from '../config/hooks';
import { CatalogInstructions } from './catalog-instructions';
import { hookFailed } from './hook-failed';
import { HOOKS } from './hooks.module';
import { Instructions } from './instructions';

/** The official instructions after the operator's `prompt` hooks, which run in order. */
@Injectable()
export class HookedInstructions extends Instructions {
  constructor(
    private readonly official: CatalogInstructions,
    @Inject(HOOKS) private readonly hooks: readonly CodexHooks[],
  ) {
    super();
  }

  /** @throws {GatewayError} 500 `hook_failed` when a hook throws or returns no text. */
  async officialFor(slug: string, fromCatalog: string | undefined): Promise<string> {
    let text = await this.official.officialFor(slug, fromCatalog);
    for (const { prompt } of this.hooks) {
      if (prompt !== undefined) text = await changed(prompt, text, slug);
    }
    return text;
  }
}

/** Plain JavaScript may return anything, whatever its type says. */
async function changed(hook: NonNullable<CodexHooks['prompt']>, text: string, slug: string): Promise<string> {
  try {
    const result: unknown = await hook(text, slug);
    if (typeof result === 'string' && result.trim() !== '') return result;
  } catch (error) {
    throw hookFailed(error);
  }
  throw hookFailed(new TypeError('The prompt hook returned no text.'));
}
