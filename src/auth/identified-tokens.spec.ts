import { type GatewayError } from '../kernel/errors';
import { UpstreamFailure } from '../kernel/upstream-failure';
import { type Identity, TokenIdentity } from './token-identity';
import { IdentifiedTokens } from './identified-tokens';

class FakeIdentity extends TokenIdentity {
  asked = 0;
  answer: Identity | Error = { accountId: 'account-1', isFedramp: true };
  override identify(): Promise<Identity> {
    this.asked += 1;
    return this.answer instanceof Error ? Promise.reject(this.answer) : Promise.resolve(this.answer);
  }
}

const failure = (kind: 'unauthorized' | 'workspace_refused' | 'server_error' | 'timeout' | 'network') =>
  new UpstreamFailure({ kind, message: 'Words of ours.' });

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('the identity of an access token', () => {
  it('is asked for once by many callers and kept', async () => {
    const identity = new FakeIdentity();
    const cache = new IdentifiedTokens(identity);
    const token = { bearer: 'at-1', accountId: 'account-1', isFedramp: true };
    expect(await Promise.all([cache.get('ws', 'at-1'), cache.get('ws', 'at-1')])).toEqual([token, token]);
    jest.advanceTimersByTime(86_400_000);
    await cache.get('ws', 'at-1');
    expect(identity.asked).toBe(1);
    cache.forget('at-1');
    await cache.get('ws', 'at-1');
    expect(identity.asked).toBe(2);
  });

  it.each([
    ['unauthorized', undefined, /revoked.*workspace admin.*CODEX_ACCESS_TOKEN/],
    ['workspace_refused', undefined, /revoked.*workspace admin.*CODEX_ACCESS_TOKEN/],
    ['server_error', 10_000, /could not be asked just now\. Words of ours\./],
    ['timeout', 10_000, /could not be asked just now/],
    ['network', 10_000, /could not be asked just now/],
  ] as const)('that ends with %s says what to do, or when to try again', async (kind, retryAfterMs, words) => {
    const identity = new FakeIdentity();
    identity.answer = failure(kind);
    const failing = new IdentifiedTokens(identity).get('ws', 'at-secret');
    await expect(failing).rejects.toMatchObject({ status: 503, type: 'upstream_authentication_error' });
    const told: unknown = await failing.catch((error: unknown) => error);
    expect((told as GatewayError).details.retryAfterMs).toBe(retryAfterMs);
    await expect(failing).rejects.toThrow(words);
    await expect(failing).rejects.toThrow(/'ws'/);
    await expect(failing).rejects.not.toThrow(/at-secret/);
  });

  it.each([
    ['server_error', 10_000],
    ['unauthorized', 300_000],
  ] as const)('that ended with %s is asked for again after %d ms, not before', async (kind, pauseMs) => {
    const identity = new FakeIdentity();
    identity.answer = failure(kind);
    const cache = new IdentifiedTokens(identity);
    await expect(cache.get('ws', 'at-1')).rejects.toThrow();
    await jest.advanceTimersByTimeAsync(pauseMs - 1);
    await expect(cache.get('ws', 'at-1')).rejects.toThrow();
    expect(identity.asked).toBe(1);
    await jest.advanceTimersByTimeAsync(1);
    identity.answer = { accountId: 'account-2', isFedramp: false };
    expect(await cache.get('ws', 'at-1')).toMatchObject({ accountId: 'account-2' });
  });

  it('that a bug of ours kept from coming shows nothing of the bug', async () => {
    const identity = new FakeIdentity();
    identity.answer = new TypeError('at-secret is not a function');
    await expect(new IdentifiedTokens(identity).get('ws', 'at-secret')).rejects.not.toThrow(/secret/);
  });
});
