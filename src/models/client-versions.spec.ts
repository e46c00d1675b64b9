import { compareVersions, isTooOld } from './client-versions';

describe('a client version', () => {
  it.each([
    ['0.144.0', '0.153.0', true],
    ['0.153.0', '0.153.0', false],
    ['0.153.0-alpha.2', '0.153.0', false],
    ['0.1530.0', '0.153.9', false],
    ['1.0.0', '0.169.0', false],
    ['0.99', '0.99.1', true],
    ['0.0.0', '0.169.0', false],
    ['0.1.0', undefined, false],
  ])('%s against the minimum %s: too old is %s', (version, minimum, tooOld) => {
    expect(isTooOld(version, minimum)).toBe(tooOld);
  });

  it('that is no version counts as the lowest', () => {
    expect(compareVersions('latest', '0.0.1')).toBeLessThan(0);
  });
});
