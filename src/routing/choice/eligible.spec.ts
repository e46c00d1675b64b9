import { deploymentOf } from '../../../test/support/candidates';
import { type Deployment, type DeploymentRouting } from '../../config/deployment';
import { GatewayError } from '../../kernel/errors';
import { UpstreamFailure } from '../../kernel/upstream-failure';
import { type Asking, eligible, withRoomFor } from './eligible';

const on = { tags: { isOn: true, matchAny: true } };
const all = { tags: { isOn: true, matchAny: false } };
const off = { tags: { isOn: false, matchAny: true } };
const nobody: Asking = { tags: [], userAgent: '', heldTo: undefined };
const of = (id: string, routing: DeploymentRouting = {}): Deployment => deploymentOf(id, { routing });
const ids = (deployments: readonly Deployment[]): string[] => deployments.map(({ id }) => id);

describe('tags', () => {
  const tagged = [
    of('free', { tags: ['free', 'eu'] }),
    of('paid', { tags: ['paid'] }),
    of('plain'),
    of('usual', { tags: ['default'] }),
    of('cli', { tagPatterns: [/User-Agent: codex/] }),
  ];

  it.each<[what: string, tags: string[], userAgent: string, settings: typeof on, expected: string[]]>([
    ['lead to deployments with any of them', ['paid', 'eu'], '', on, ['free', 'paid']],
    ['lead to deployments with all of them where the operator wants it', ['free', 'eu'], '', all, ['free']],
    ['that nobody has lead to what fits the user agent', ['x'], 'codex_exec/1', on, ['cli']],
    ['that nobody has lead to the default', ['x'], 'curl', on, ['usual']],
    ['left out lead to the default', [], 'curl', on, ['usual']],
    ['mean nothing where tag filtering is off', ['paid'], '', off, ['free', 'paid', 'plain', 'usual', 'cli']],
  ])('%s', (...[, tags, userAgent, settings, expected]) => {
    expect(ids(eligible(tagged, { ...nobody, tags, userAgent }, settings))).toEqual(expected);
  });

  it('that lead nowhere are a 400, not a bad key', () => {
    const asking = { ...nobody, tags: ['x'] };
    expect(() => eligible([of('free', { tags: ['free'] })], asking, on)).toThrow(GatewayError);
    expect(ids(eligible([of('a'), of('b')], nobody, on))).toEqual(['a', 'b']);
  });
});

describe('a key that is held to accounts', () => {
  it('goes to those, and to the deployments it names', () => {
    const group = [of('a'), of('b'), of('c')];
    expect(ids(eligible(group, { ...nobody, heldTo: ['account-a', 'c'] }, off))).toEqual(['a', 'c']);
    expect(eligible(group, { ...nobody, heldTo: [] }, off)).toEqual([]);
  });
});

describe('a context window', () => {
  const group = [of('small', { maxInputTokens: 1_000 }), of('large'), of('unknown')];
  const windowOf = ({ id }: Deployment): number | undefined => (id === 'large' ? 5_000 : undefined);

  it('keeps a call from deployments that are too small', () => {
    expect(ids(withRoomFor(group, { tokens: 900 }, 'm', windowOf))).toEqual(['small', 'large', 'unknown']);
    expect(ids(withRoomFor(group, { tokens: 4_000 }, 'm', windowOf))).toEqual(['large', 'unknown']);
    expect(ids(withRoomFor(group, { tokens: 9_000 }, 'm', windowOf))).toEqual(['unknown']);
  });

  it('that nobody has is told with model, limit and count', () => {
    const ask = (): unknown => withRoomFor(group.slice(0, 2), { tokens: 9_000 }, 'm', windowOf);
    expect(ask).toThrow(UpstreamFailure);
    expect(ask).toThrow(/9000 tokens.*'m'.*5000/);
  });
});
