import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../config/config.module';
import { type CodexHooks } from '../config/hooks';
import { type Settings } from '../config/settings';
import { memoized } from '../kernel/memo';
import { Observer } from '../kernel/observer';
import { hookAnswer } from './hook-answer';
import { hookFailed } from './hook-failed';
import { HOOKS } from './hooks.module';
import { Instructions, type OfficialInstructions } from './instructions';
import { promptFileOf } from './prompt-families';
import { type FoundPrompt, ReleasePrompts } from './release-prompts';

/** Sent when nothing official is to be had: the ordinary profile refuses a request without instructions. */
export const defaultInstructions =
  'You are a capable assistant and programmer. Answer the request directly and accurately.';

/** Digests that are remembered; there are a handful of texts, unless a hook makes them up. */
const rememberedDigests = 64;

/** Catalog, release or default; then the operator's `prompt` hooks, in order. */
@Injectable()
export class OfficialInstructionsSource extends Instructions {
  private readonly digestOf = memoized(rememberedDigests, (text: string) =>
    createHash('sha256').update(text).digest('hex'),
  );

  constructor(
    private readonly releases: ReleasePrompts,
    @Inject(HOOKS) private readonly hooks: readonly CodexHooks[],
    private readonly observer: Observer,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'times'>,
  ) {
    super();
  }

  async officialFor(slug: string, fromCatalog: string | undefined): Promise<OfficialInstructions> {
    const found = await this.find(slug, fromCatalog);
    let text = found.text;
    for (const { prompt } of this.hooks) {
      if (prompt === undefined) continue;
      const before = text;
      text = textOf(await hookAnswer(() => prompt(before, slug), { limitMs: this.settings.times.hookMs }));
    }
    const report = { sha256: this.digestOf(text), source: found.source, ageMs: found.ageMs };
    this.observer.instructionsUsed(report);
    return { text, report };
  }

  private async find(slug: string, fromCatalog: string | undefined): Promise<FoundPrompt> {
    if (fromCatalog !== undefined && fromCatalog.trim() !== '')
      return { text: fromCatalog, source: 'catalog', ageMs: 0 };
    const released = await this.releases.read(promptFileOf(slug));
    return released ?? { text: defaultInstructions, source: 'default', ageMs: 0 };
  }
}

/** Plain JavaScript may return anything, whatever its type says. @throws {GatewayError} 500 `hook_failed`. */
function textOf(returned: unknown): string {
  if (typeof returned === 'string' && returned.trim() !== '') return returned;
  throw hookFailed(new TypeError('The prompt hook returned no text.'));
}
