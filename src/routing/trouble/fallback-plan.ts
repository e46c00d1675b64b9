import { type FallbackSettings } from '../../config/routing-settings';
import { type FallbackList } from '../../config/routing-values';
import { type FallbackRecord } from '../../kernel/observations';
import { type UpstreamFailure } from '../../kernel/upstream-failure';

/** Which list of fallbacks a failure calls for. */
export type FallbackKind = FallbackRecord['kind'];

/** What a request itself says about fallbacks. */
export interface OwnFallbacks {
  /** Model groups, in order, in the place of the configured ones. */
  readonly general?: readonly string[];
  readonly contextWindow?: FallbackList;
  readonly contentPolicy?: FallbackList;
}

/** The groups to ask next, in order. */
export interface FallbackPlan {
  readonly kind: FallbackKind;
  readonly groups: readonly string[];
}

const none: FallbackPlan = { kind: 'general', groups: [] };

/**
 * Which model groups stand in for one that failed. Pure.
 *
 * Too long an input and a refused prompt have lists of their own; once such a list exists it alone counts for its failures.
 * Everything else goes by the request's own list, or the group's, or that of `"*"`, or the default one. A request at fault
 * in another way is at fault everywhere.
 */
export function fallbackPlan(
  failure: UpstreamFailure,
  names: readonly string[],
  settings: FallbackSettings,
  own: OwnFallbacks | undefined,
): FallbackPlan {
  if (failure.kind === 'context_too_long') {
    const list = own?.contextWindow ?? settings.contextWindow;
    return list === undefined
      ? general(names, settings, own)
      : { kind: 'context_window', groups: entryOf(list, names) };
  }
  if (failure.kind === 'content_policy') {
    const list = own?.contentPolicy ?? settings.contentPolicy;
    return list === undefined
      ? general(names, settings, own)
      : { kind: 'content_policy', groups: entryOf(list, names) };
  }
  return failure.blame === 'request' || failure.blame === 'client' ? none : general(names, settings, own);
}

function general(names: readonly string[], settings: FallbackSettings, own: OwnFallbacks | undefined): FallbackPlan {
  if (own?.general !== undefined) return { kind: 'general', groups: own.general };
  const configured = entryOf(settings.general, names);
  return { kind: 'general', groups: configured.length > 0 ? configured : settings.byDefault };
}

function entryOf(list: FallbackList, names: readonly string[]): readonly string[] {
  for (const name of names) {
    const groups = list.get(name);
    if (groups !== undefined) return groups;
  }
  return list.get('*') ?? [];
}
