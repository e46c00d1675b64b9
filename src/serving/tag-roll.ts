import { Injectable } from '@nestjs/common';
import { BoundedMap } from '../kernel/bounded-map';
import { Clock } from '../kernel/clock';
import { type Principal } from '../kernel/principal';
import { type CallExtras } from '../protocol/openai/call-extras';

/** Tags that the requests of one key may bring in a day, UTC, in one process. */
const mostTagsOfKey = 1_000;
/** Keys whose tags are remembered. */
const mostKeys = 10_000;
const dayMs = 86_400_000;

/**
 * Which tags of requests get daily figures of their own. These are kept for 400 days, about 1 KB each, so that a client that
 * makes up tags for every request would fill the memory of the books: what is beyond the bound is in the row all the same,
 * and counted together. Tags that an administrator gave a key always count.
 */
@Injectable()
export class TagRoll {
  private readonly known = new BoundedMap<Set<string>>(mostKeys);
  private day = 0;

  constructor(private readonly clock: Clock) {}

  /** The extras with those of their tags last that are not counted, and how many these are. */
  called(extras: CallExtras, principal: Principal | undefined): CallExtras {
    if (extras.tags.length === 0) return extras;
    const known = this.knownOf(principal?.keyHash ?? '');
    const own = principal?.policy.tags ?? [];
    const [counted, uncounted]: [string[], string[]] = [[], []];
    for (const tag of extras.tags) (own.includes(tag) || hasRoom(known, tag) ? counted : uncounted).push(tag);
    return uncounted.length === 0
      ? extras
      : { ...extras, tags: [...counted, ...uncounted], uncountedTags: uncounted.length };
  }

  private knownOf(key: string): Set<string> {
    const day = Math.floor(this.clock.nowMs() / dayMs);
    if (day !== this.day) this.known.clear();
    this.day = day;
    const known = this.known.get(key) ?? new Set<string>();
    this.known.set(key, known);
    return known;
  }
}

function hasRoom(known: Set<string>, tag: string): boolean {
  if (!known.has(tag) && known.size >= mostTagsOfKey) return false;
  known.add(tag);
  return true;
}
