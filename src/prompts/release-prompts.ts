import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../kernel/clock';
import { Observer } from '../kernel/observer';
import { SharedCache } from '../state/shared-cache';
import { type InstructionSource } from './instructions';
import { PromptFetcher } from './prompt-fetcher';
import { PROMPT_TIMES, type PromptTimes } from './prompt-times';
import { readPrompt, type StoredPrompt } from './stored-prompt';

/** A prompt file's text and where this process has it from. */
export interface FoundPrompt {
  readonly text: string;
  readonly source: InstructionSource;
  readonly ageMs: number;
}

/** What this process knows of one file. Times are on the monotonic clock. */
interface Shelf {
  prompt: StoredPrompt | undefined;
  /** This process fetched it; otherwise it was found in the shared cache. */
  isOurs: boolean;
  /** Nobody looks for it before. */
  nextTryMs: number;
  /** The one look that is under way. */
  looking: Promise<void> | undefined;
  /** Settles as soon as that look has found a copy, however old, or has ended without. */
  firstCopy: Promise<void> | undefined;
}

/**
 * Prompt files of the newest release. A copy that is there is given at once, however old, and refreshed in the background;
 * only the first copy is waited for. Of all replicas one asks the host, the others find its answer in the shared cache.
 */
@Injectable()
export class ReleasePrompts {
  private readonly shelves = new Map<string, Shelf>();

  // eslint-disable-next-line max-params -- four rooms it works with, and the one that hears of it
  constructor(
    private readonly fetcher: PromptFetcher,
    private readonly cache: SharedCache,
    private readonly clock: Clock,
    @Inject(PROMPT_TIMES) private readonly times: PromptTimes,
    private readonly observer: Observer,
  ) {}

  /** @returns undefined when there is no copy and none can be had now. Never throws. */
  async read(file: string): Promise<FoundPrompt | undefined> {
    const shelf = this.shelfOf(file);
    if (shelf.prompt === undefined || !this.isFresh(shelf.prompt)) this.look(file, shelf);
    if (shelf.prompt === undefined) await shelf.firstCopy;
    return shelf.prompt === undefined ? undefined : this.found(shelf.prompt, shelf.isOurs);
  }

  private found(prompt: StoredPrompt, isOurs: boolean): FoundPrompt {
    const ageMs = Math.max(0, this.clock.nowMs() - prompt.checkedAtMs);
    const source = this.isFresh(prompt) ? (isOurs ? 'release' : 'cache') : 'stale';
    return { text: prompt.text, source, ageMs };
  }

  private shelfOf(file: string): Shelf {
    const known = this.shelves.get(file);
    if (known !== undefined) return known;
    const shelf = { prompt: undefined, isOurs: false, nextTryMs: 0, looking: undefined, firstCopy: undefined };
    this.shelves.set(file, shelf);
    return shelf;
  }

  /** Also false for a time far ahead of ours: a clock that was wrong when it was written must not make it immortal. */
  private isFresh({ checkedAtMs }: StoredPrompt): boolean {
    return Math.abs(this.clock.nowMs() - checkedAtMs) < this.times.freshMs;
  }

  private look(file: string, shelf: Shelf): void {
    const startedMs = this.clock.monotonicMs();
    if (shelf.looking !== undefined || startedMs < shelf.nextTryMs) return;
    const deadlineMs = startedMs + this.times.fetchMs;
    const adopted = this.adopt(file, shelf);
    const looking = adopted
      .then((isFresh) => (isFresh ? undefined : this.obtain(file, shelf, deadlineMs)))
      .catch(() => undefined)
      .finally(() => {
        shelf.looking = undefined;
        const failed = shelf.prompt === undefined || !this.isFresh(shelf.prompt);
        shelf.nextTryMs = failed ? this.clock.monotonicMs() + this.times.retryMs : 0;
      });
    shelf.looking = looking;
    shelf.firstCopy = adopted.then(
      () => (shelf.prompt === undefined ? looking : undefined),
      () => looking,
    );
  }

  private async obtain(file: string, shelf: Shelf, deadlineMs: number): Promise<void> {
    if (await this.cache.claim(`instructions:refresh:${file}`, this.times.retryMs)) {
      await this.fetch(file, shelf, deadlineMs);
      return;
    }
    // Another replica fetches. Who has a copy need not wait for it.
    while (shelf.prompt === undefined && this.clock.monotonicMs() < deadlineMs) {
      if (await this.hasFailed(file)) return;
      await pause(this.times.lookMs);
      await this.adopt(file, shelf);
    }
  }

  private async fetch(file: string, shelf: Shelf, deadlineMs: number): Promise<void> {
    const startedMs = this.clock.monotonicMs();
    const prompt = await this.fetcher.fetch(file, shelf.prompt, deadlineMs);
    const outcome = prompt === undefined ? 'failed' : prompt.text === shelf.prompt?.text ? 'unchanged' : 'changed';
    this.observer.instructionsFetched({ outcome, durationMs: this.clock.monotonicMs() - startedMs });
    if (prompt === undefined) {
      await this.cache.set(failureKey(file), '1', this.times.retryMs);
      return;
    }
    [shelf.prompt, shelf.isOurs] = [prompt, true];
    await this.cache.set(promptKey(file), JSON.stringify(prompt), this.times.keepMs);
  }

  /** Takes what the shared cache has, if it is newer. @returns whether it is fresh, so that nobody need be asked. */
  private async adopt(file: string, shelf: Shelf): Promise<boolean> {
    const shared = readPrompt(await this.cache.get(promptKey(file)));
    if (shared === undefined) return false;
    if (shelf.prompt === undefined || shared.checkedAtMs > shelf.prompt.checkedAtMs) {
      [shelf.prompt, shelf.isOurs] = [shared, false];
    }
    return this.isFresh(shared);
  }

  /** The replica that tried has nothing either: waiting for it would be in vain. */
  private async hasFailed(file: string): Promise<boolean> {
    return (await this.cache.get(failureKey(file))) !== undefined;
  }
}

const promptKey = (file: string): string => `instructions:prompt:${file}`;
const failureKey = (file: string): string => `instructions:failed:${file}`;

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
