import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { jsonIn } from '../kernel/json-text';
import { Clock } from '../kernel/clock';
import { SharedCache } from '../state/shared-cache';
import { originalPromptFile } from './prompt-families';
import { PROMPT_TIMES, type PromptTimes } from './prompt-times';
import { type HostAnswer, ReleaseHost } from './release-host';
import { readTag, type StoredPrompt, type StoredTag } from './stored-prompt';

const tagKey = 'instructions:release';
const limitKey = 'instructions:limited-until';
/** A tag becomes part of a URL. */
const tagPattern = /^[\w][\w.-]{0,99}$/;
const release = z.object({ tag_name: z.string().regex(tagPattern) });

/** Fetches a prompt file of the newest release. What all replicas should know about the hosts lies in the shared cache. */
@Injectable()
export class PromptFetcher {
  constructor(
    private readonly host: ReleaseHost,
    private readonly cache: SharedCache,
    private readonly clock: Clock,
    @Inject(PROMPT_TIMES) private readonly times: PromptTimes,
  ) {}

  /**
   * @param known the copy that is there, to ask only for changes.
   * @param deadlineMs on the monotonic clock.
   * @returns undefined when no word was to be had.
   */
  async fetch(file: string, known: StoredPrompt | undefined, deadlineMs: number): Promise<StoredPrompt | undefined> {
    const tag = await this.newestTag(deadlineMs);
    if (tag === undefined) return undefined;
    const files = file === originalPromptFile ? [file] : [file, originalPromptFile];
    for (const candidate of files) {
      const isKnown = known?.tag === tag && known.file === candidate;
      const etag = isKnown ? known.etag : undefined;
      const answer = await this.host.promptFile(tag, candidate, { etag, deadlineMs });
      if (answer.kind === 'unchanged' && isKnown) return { ...known, checkedAtMs: this.clock.nowMs() };
      if (answer.kind === 'text') return this.made(answer, tag, candidate);
      if (answer.kind !== 'absent') return undefined;
    }
    return undefined;
  }

  private made({ text, etag }: HostAnswer & { kind: 'text' }, tag: string, file: string): StoredPrompt {
    const checkedAtMs = this.clock.nowMs();
    return etag === undefined ? { text, file, tag, checkedAtMs } : { text, file, tag, etag, checkedAtMs };
  }

  /** One question serves all files for the time of freshness. A limited or silent host leaves the last known tag standing. */
  private async newestTag(deadlineMs: number): Promise<string | undefined> {
    const known = readTag(await this.cache.get(tagKey));
    const nowMs = this.clock.nowMs();
    if (known !== undefined && Math.abs(nowMs - known.checkedAtMs) < this.times.freshMs) return known.tag;
    if (Number(await this.cache.get(limitKey)) > nowMs) return known?.tag;
    const answer = await this.host.newestRelease(known?.etag, deadlineMs);
    if (answer.kind === 'limited') {
      await this.cache.set(limitKey, String(answer.untilMs), answer.untilMs - nowMs);
    }
    const found = this.tagIn(answer, known);
    if (found === undefined) return known?.tag;
    await this.cache.set(tagKey, JSON.stringify(found), this.times.keepMs);
    return found.tag;
  }

  private tagIn(answer: HostAnswer, known: StoredTag | undefined): StoredTag | undefined {
    const checkedAtMs = this.clock.nowMs();
    if (answer.kind === 'unchanged' && known !== undefined) return { ...known, checkedAtMs };
    if (answer.kind !== 'text') return undefined;
    const tag = release.safeParse(jsonIn(answer.text)).data?.tag_name;
    if (tag === undefined) return undefined;
    return answer.etag === undefined ? { tag, checkedAtMs } : { tag, etag: answer.etag, checkedAtMs };
  }
}
