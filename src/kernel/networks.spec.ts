import fc from 'fast-check';
import { intersection, isWithin, parseNetwork } from './networks';

describe('networks', () => {
  const inside = (address: string, ...networks: readonly string[]): boolean =>
    isWithin(
      address,
      networks.flatMap((each) => parseNetwork(each) ?? []),
    );

  it.each([
    ['10.1.2.3', '10.0.0.0/8', true],
    ['11.1.2.3', '10.0.0.0/8', false],
    ['10.1.2.3', '10.1.2.3', true],
    ['10.1.2.4', '10.1.2.3/32', false],
    ['10.1.2.4', '10.1.2.2/31', false],
    ['10.1.2.3', '10.1.2.2/31', true],
    ['::ffff:10.1.2.3', '10.0.0.0/8', true],
    ['2001:db8::1', '2001:db8::/32', true],
    ['2001:db9::1', '2001:db8::/32', false],
    ['::1', '::1', true],
    ['fe80::1%eth0', 'fe80::/10', true],
    ['1.2.3.4', '0.0.0.0/0', true],
    ['::1', '0.0.0.0/0', false],
    ['nonsense', '0.0.0.0/0', false],
  ])('%s in %s: %s', (address, network, expected) => {
    expect(inside(address, network)).toBe(expected);
  });
  it.each(['10.0.0.0/33', '256.1.1.1', '1.2.3', '2001:db8::/129', ':::', '1::2::3', 'a.b.c.d', '10.0.0.0/8/8', ''])(
    '%j is none',
    (text) => {
      expect(parseNetwork(text)).toBeUndefined();
    },
  );
  it('intersects to the narrower of each pair', () => {
    expect(intersection(['10.0.0.0/8', '192.168.0.0/16'], ['10.1.0.0/16', '192.0.0.0/8', '172.16.0.0/12'])).toEqual([
      '10.1.0.0/16',
      '192.168.0.0/16',
    ]);
  });
  it('has in an intersection exactly the addresses that are in both', () => {
    const network = fc
      .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 6, max: 9 }))
      .map(([a, bits]) => `${a}.0.0.0/${bits}`);
    const address = fc.integer({ min: 0, max: 5 }).map((a) => `${a}.0.0.1`);
    fc.assert(
      fc.property(fc.array(network), fc.array(network), address, (left, right, each) => {
        expect(inside(each, ...intersection(left, right))).toBe(inside(each, ...left) && inside(each, ...right));
      }),
    );
  });
});
