import { newerVersion } from './client-version';

describe('newerVersion', () => {
  it.each([
    ['0.120.0', '0.169.0'],
    ['0.9.9', '0.169.0'],
    ['0.169.0', '0.169.0'],
    ['nonsense', '0.169.0'],
    [undefined, '0.169.0'],
    ['0.170.0', '0.170.0'],
    ['0.1690.0-alpha.1', '0.1690.0-alpha.1'],
    ['1.0', '1.0'],
  ])('of %s and 0.169.0 is %s', (theirs, newer) => {
    expect(newerVersion(theirs, '0.169.0')).toBe(newer);
  });
});
