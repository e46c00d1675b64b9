import { type Deployment } from '../config/deployment';
import { TokenEstimates } from '../metering/token-estimates';
import { settingsFor } from '../../test/support/settings-for';
import { type Call } from './call';
import { HoldEstimator } from './hold-estimator';
import { PlanShares } from './plan-shares';
import { PriceBook } from './price-book';

const deployment = (upstreamModel: string): Deployment =>
  ({
    id: upstreamModel,
    modelGroup: upstreamModel,
    provider: 'codex',
    upstreamModel,
    credential: { name: 'a', kind: 'auth_file', path: '/none' },
    apiBase: 'http://127.0.0.1:1',
    defaults: {},
    modelInfo: {},
  }) as unknown as Deployment;

describe('what is set aside for a request', () => {
  const [small, big] = [deployment('gpt-5.4-mini'), deployment('gpt-5.5')];
  const settings = settingsFor('http://127.0.0.1:1');
  const shares = new PlanShares(settings, { nowMs: () => 0, monotonicMs: () => 0 });
  const estimator = new HoldEstimator(new PriceBook(settings), new TokenEstimates(), shares);
  const client = { canonical: { model: 'x', input: [] } };
  const call = {
    dialect: 'chat',
    client,
    requestedTier: undefined,
    size: { textBytes: 4_000, images: 0, sealedBytes: 0 },
  } as unknown as Call;
  const held = (standIns: readonly { deployment: Deployment; tier: string | undefined }[], first = small): number => {
    const route = { requestedModel: 'x', modelGroup: first.modelGroup, label: 'x', deployments: [first] };
    return estimator.of(call, route, { keyHash: 'k', standIns }).hold.nanos;
  };

  it('is enough for the dearest model and tier that it may be answered by', () => {
    expect(held([])).toBeGreaterThan(0);
    expect(held([{ deployment: big, tier: undefined }])).toBe(held([], big));
    expect(held([{ deployment: big, tier: 'priority' }])).toBeGreaterThan(held([], big));
    expect(held([{ deployment: small, tier: undefined }], big)).toBe(held([], big));
  });
});
