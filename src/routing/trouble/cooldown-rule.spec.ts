import { candidate } from '../../../test/support/candidates';
import { type CooldownSettings, defaultRouting } from '../../config/routing-settings';
import { type ErrorClass } from '../../config/routing-values';
import { type FailureKind, UpstreamFailure, type UpstreamFailureOptions } from '../../kernel/upstream-failure';
import { type Circumstances, cooldownFor } from './cooldown-rule';

const nowMs = 1_800_000_000_000;
const seconds = 1_000;
const minutes = 60 * seconds;
const hours = 60 * minutes;
const one = candidate('one');

interface Case {
  readonly what: string;
  readonly kind: FailureKind;
  readonly details?: Partial<UpstreamFailureOptions>;
  readonly around?: Partial<Circumstances>;
  /** Undefined: nothing rests. */
  readonly rests?: { readonly scope: keyof typeof one.scopes; readonly kind: string; readonly ms: number };
}

const alone = { deployment: false, account: false, route: false };
const among = { deployment: true, account: true, route: false };
const overflow = { deployment: true, account: true, route: true };
const strikes = (count: number) => (): number => count;
const counting = { ...defaultRouting.cooldown, allowedFails: 2 };
const policy = {
  ...defaultRouting.cooldown,
  allowedFails: 3,
  allowedFailsPolicy: new Map([['TimeoutError', 1] as const]),
};

function byName(errorClass: ErrorClass, borne: number): CooldownSettings {
  return { ...defaultRouting.cooldown, allowedFails: 3, allowedFailsPolicy: new Map([[errorClass, borne]]) };
}

const cases: readonly Case[] = [
  { what: 'a bad request', kind: 'invalid_request' },
  { what: 'a prompt against the policy', kind: 'content_policy' },
  { what: 'too long an input', kind: 'context_too_long' },
  { what: 'a client that left', kind: 'client_gone' },
  { what: 'a burst, among others', kind: 'rate_limited', rests: { scope: 'account', kind: 'burst', ms: 5 * seconds } },
  {
    what: 'a burst that says for how long',
    kind: 'rate_limited',
    details: { retryAfterMs: 1_500 },
    rests: { scope: 'account', kind: 'burst', ms: 1_500 },
  },
  {
    what: 'a burst that asks for a day',
    kind: 'rate_limited',
    details: { retryAfterMs: 24 * hours },
    rests: { scope: 'account', kind: 'burst', ms: 10 * minutes },
  },
  { what: 'a burst, alone', kind: 'rate_limited', around: { others: alone } },
  {
    what: 'a used-up window, even alone',
    kind: 'quota_exhausted',
    details: { resetAtMs: nowMs + 3 * hours },
    around: { others: alone },
    rests: { scope: 'account', kind: 'quota', ms: 3 * hours },
  },
  {
    what: 'a used-up window whose reset only the book knows',
    kind: 'quota_exhausted',
    around: { windowResetMs: nowMs + 2 * hours },
    rests: { scope: 'account', kind: 'quota', ms: 2 * hours },
  },
  {
    what: 'a used-up quota without a reset, for the third time',
    kind: 'quota_exhausted',
    around: { strikes: strikes(3) },
    rests: { scope: 'account', kind: 'quota', ms: 20 * minutes },
  },
  {
    what: 'a refused login',
    kind: 'unauthorized',
    details: { upstreamStatus: 401 },
    rests: { scope: 'account', kind: 'quarantine', ms: minutes },
  },
  {
    what: 'a refused login, even alone, for the fourth time',
    kind: 'unauthorized',
    details: { upstreamStatus: 401 },
    around: { others: alone, strikes: strikes(4) },
    rests: { scope: 'account', kind: 'quarantine', ms: 8 * minutes },
  },
  {
    what: 'a login that is being renewed',
    kind: 'unauthorized',
    details: { retryAfterMs: 2_000 },
    rests: { scope: 'account', kind: 'quarantine', ms: 2_000 },
  },
  { what: 'a login that says by itself that it is dead, alone', kind: 'unauthorized', around: { others: alone } },
  {
    what: 'a workspace that is gone',
    kind: 'workspace_refused',
    details: { upstreamStatus: 402 },
    rests: { scope: 'account', kind: 'quarantine', ms: 5 * minutes },
  },
  { what: 'a model that this account lacks', kind: 'model_unavailable', rests: { scope: 'model', kind: 'model', ms: 10 * minutes } },
  { what: 'a model that the only account lacks', kind: 'model_unavailable', around: { others: alone } },
  {
    what: 'a page of the edge, with another way',
    kind: 'blocked',
    around: { others: overflow },
    rests: { scope: 'route', kind: 'edge', ms: 5 * seconds },
  },
  { what: 'a first page of the edge on the only way', kind: 'blocked' },
  {
    what: 'a second page of the edge on the only way',
    kind: 'blocked',
    around: { strikes: strikes(2) },
    rests: { scope: 'route', kind: 'edge', ms: 5 * seconds },
  },
  {
    what: 'the tenth page of the edge',
    kind: 'blocked',
    around: { strikes: strikes(10) },
    rests: { scope: 'route', kind: 'edge', ms: minutes },
  },
  { what: 'a connection that failed', kind: 'network', around: { others: overflow } },
  {
    what: 'the third connection in a row that failed',
    kind: 'network',
    around: { others: overflow, strikes: strikes(3) },
    rests: { scope: 'route', kind: 'network', ms: 5 * seconds },
  },
  { what: 'the only way, down', kind: 'network', around: { strikes: strikes(9) } },
  { what: 'a single 5xx', kind: 'server_error', around: { minute: { calls: 1, failures: 1 } } },
  { what: 'half of the calls failing', kind: 'server_error', around: { minute: { calls: 6, failures: 3 } } },
  {
    what: 'more than half of the calls failing',
    kind: 'server_error',
    around: { minute: { calls: 5, failures: 3 } },
    rests: { scope: 'deployment', kind: 'errors', ms: 5 * seconds },
  },
  {
    what: 'more than half failing, with a wait that was asked for',
    kind: 'overloaded',
    details: { retryAfterMs: 30 * seconds },
    around: { minute: { calls: 5, failures: 5 } },
    rests: { scope: 'deployment', kind: 'errors', ms: 30 * seconds },
  },
  { what: 'all of few calls failing, alone', kind: 'timeout', around: { others: alone, minute: { calls: 99, failures: 99 } } },
  {
    what: 'all of a thousand calls failing, even alone',
    kind: 'cut',
    around: { others: alone, minute: { calls: 1_000, failures: 1_000 } },
    rests: { scope: 'deployment', kind: 'errors', ms: 5 * seconds },
  },
  { what: 'as many fails as are allowed', kind: 'server_error', around: { settings: counting, failuresWithin: () => 2 } },
  {
    what: 'one fail more than is allowed',
    kind: 'server_error',
    around: { settings: counting, failuresWithin: () => 3 },
    rests: { scope: 'deployment', kind: 'errors', ms: 5 * seconds },
  },
  {
    what: 'as many fails as the deployment itself is allowed',
    kind: 'server_error',
    around: { candidate: candidate('patient', { allowedFails: 5 }), settings: counting, failuresWithin: () => 5 },
  },
  {
    what: 'more timeouts than the deployment’s own policy allows',
    kind: 'timeout',
    around: {
      candidate: candidate('one', { allowedFailsPolicy: new Map([['TimeoutError', 0] as const]) }),
      settings: counting,
    },
    rests: { scope: 'deployment', kind: 'errors', ms: 5 * seconds },
  },
  {
    what: 'more timeouts than the policy allows',
    kind: 'timeout',
    around: { settings: policy, failuresWithin: (_, kind) => (kind === 'timeout' ? 2 : 0) },
    rests: { scope: 'deployment', kind: 'errors', ms: 5 * seconds },
  },
  {
    what: 'a refused login that the policy bears',
    kind: 'unauthorized',
    details: { upstreamStatus: 401 },
    around: { settings: byName('AuthenticationError', 1) },
  },
  {
    what: 'one refused login more than the policy bears',
    kind: 'unauthorized',
    details: { upstreamStatus: 401 },
    around: { settings: byName('AuthenticationError', 1), failuresWithin: () => 2 },
    rests: { scope: 'account', kind: 'quarantine', ms: minutes },
  },
  { what: 'a model that is lacking as often as the policy bears', kind: 'model_unavailable', around: { settings: byName('NotFoundError', 1) } },
  {
    what: 'a page of the edge that the policy bears',
    kind: 'blocked',
    around: { others: overflow, settings: byName('ServiceUnavailableError', 1) },
  },
  {
    what: 'a used-up window, whatever the policy bears',
    kind: 'quota_exhausted',
    details: { resetAtMs: nowMs + hours },
    around: { settings: byName('RateLimitError', 99) },
    rests: { scope: 'account', kind: 'quota', ms: hours },
  },
  { what: 'a fault of the transport after content', kind: 'cut', around: { afterContent: true, minute: { calls: 9, failures: 9 } } },
  { what: 'a broken connection after content', kind: 'network', around: { afterContent: true, others: overflow, strikes: strikes(9) } },
  {
    what: 'a quota that ends in the middle of an answer',
    kind: 'quota_exhausted',
    details: { resetAtMs: nowMs + hours },
    around: { afterContent: true },
    rests: { scope: 'account', kind: 'quota', ms: hours },
  },
  {
    what: 'anything at all with disable_cooldowns',
    kind: 'quota_exhausted',
    around: { settings: { ...defaultRouting.cooldown, isOn: false } },
  },
  { what: 'anything at all with cooldown_time 0', kind: 'unauthorized', around: { candidate: candidate('restless', { cooldownMs: 0 }) } },
]; // prettier-ignore

describe('what rests, and for how long', () => {
  it.each(cases.map((each) => [each.what, each] as const))('%s', (_, { kind, details, around, rests }) => {
    const failure = new UpstreamFailure({ kind, message: 'It failed.', ...details });
    const cooldown = cooldownFor(failure, {
      candidate: one,
      settings: defaultRouting.cooldown,
      nowMs,
      afterContent: false,
      others: among,
      strikes: strikes(1),
      minute: { calls: 1, failures: 1 },
      failuresWithin: () => 1,
      windowResetMs: undefined,
      ...around,
    });
    if (rests === undefined) {
      expect(cooldown).toBeUndefined();
      return;
    }
    expect(cooldown).toMatchObject({
      scope: one.scopes[rests.scope],
      kind: rests.kind,
      sinceMs: nowMs,
      untilMs: nowMs + rests.ms,
    });
    // A long wait for a quota is looked into once, half-way.
    const hasProbe = rests.kind === 'quota' && rests.ms >= 10 * minutes;
    expect(cooldown?.probeAtMs).toBe(hasProbe ? nowMs + rests.ms / 2 : undefined);
  });
});
