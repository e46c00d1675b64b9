import { defaultRouting, type FallbackSettings } from '../../config/routing-settings';
import { type FailureKind, UpstreamFailure } from '../../kernel/upstream-failure';
import { type FallbackPlan, fallbackPlan, type OwnFallbacks } from './fallback-plan';

const settings: FallbackSettings = {
  ...defaultRouting.fallbacks,
  general: new Map([
    ['a', ['b', 'c']],
    ['*', ['any']],
  ]),
  byDefault: ['last'],
};

function planned(
  kind: FailureKind,
  names: readonly string[],
  changes: Partial<FallbackSettings> = {},
  own?: OwnFallbacks,
): FallbackPlan {
  return fallbackPlan(new UpstreamFailure({ kind, message: 'x' }), names, { ...settings, ...changes }, own);
}

describe('which groups stand in', () => {
  it.each<[string, FailureKind, string[], Partial<FallbackSettings>, OwnFallbacks | undefined, string, string[]]>([
    ['those of the group', 'server_error', ['a'], {}, undefined, 'general', ['b', 'c']],
    ['those of the name that was asked for', 'server_error', ['group', 'a'], {}, undefined, 'general', ['b', 'c']],
    ['those of "*" for a group without', 'quota_exhausted', ['x'], {}, undefined, 'general', ['any']],
    ['the default ones when there is no "*"', 'timeout', ['x'], { general: new Map() }, undefined, 'general', ['last']],
    ['the request’s own, whatever is configured', 'cut', ['a'], {}, { general: ['mine'] }, 'general', ['mine']],
    ['none that the request wants', 'cut', ['a'], {}, { general: [] }, 'general', []],
    [
      'the general ones for a long input without a list',
      'context_too_long',
      ['a'],
      {},
      undefined,
      'general',
      ['b', 'c'],
    ],
    [
      'the list for long inputs',
      'context_too_long',
      ['a'],
      { contextWindow: new Map([['a', ['wide']]]) },
      undefined,
      'context_window',
      ['wide'],
    ],
    [
      'nobody when that list does not know the group',
      'context_too_long',
      ['x'],
      { contextWindow: new Map([['a', ['wide']]]) },
      undefined,
      'context_window',
      [],
    ],
    [
      'the list for refused prompts',
      'content_policy',
      ['a'],
      { contentPolicy: new Map([['*', ['mild']]]) },
      undefined,
      'content_policy',
      ['mild'],
    ],
    [
      'the request’s own list for long inputs',
      'context_too_long',
      ['a'],
      {},
      { contextWindow: new Map([['a', ['own']]]) },
      'context_window',
      ['own'],
    ],
    [
      'the request’s own list for refused prompts',
      'content_policy',
      ['a'],
      {},
      { contentPolicy: new Map([['a', ['own']]]) },
      'content_policy',
      ['own'],
    ],
    ['nobody for a request that is wrong', 'invalid_request', ['a'], {}, { general: ['mine'] }, 'general', []],
    ['nobody for a client that left', 'client_gone', ['a'], {}, undefined, 'general', []],
  ])('%s', (...[, kind, names, changes, own, expectedKind, groups]) => {
    expect(planned(kind, names, changes, own)).toEqual({ kind: expectedKind, groups });
  });
});
