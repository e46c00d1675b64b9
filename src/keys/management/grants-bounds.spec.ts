import fc from 'fast-check';
import { effortRanks } from '../../kernel/effort-ranks';
import { type Principal } from '../../kernel/principal';
import { type HolderRules, principalOf } from '../compile/principal-of';
import { mayUse } from '../model-access';
import { isWithin, parseNetwork } from '../../kernel/networks';
import { routeRefusal } from '../route-access';
import { type KeyRow, keyRowSchema } from '../rows/key-row';
import { exceededField } from './key-bounds';

describe('what is within the bounds of a key', () => {
  const models = ['a', 'ab', 'b', 'c'];
  const list = <T>(...of: readonly T[]) => fc.uniqueArray(fc.constantFrom(...of), { maxLength: 3 });
  const maybe = <T>(arb: fc.Arbitrary<T>) => fc.option(arb, { nil: undefined });
  const row: fc.Arbitrary<KeyRow> = fc
    .record({
      models: list('a', 'b', 'a*', '*', 'all-proxy-models', 'no-default-models'),
      allowed_routes: maybe(list('llm_api_routes', 'info_routes', 'management_routes', '/key/*', '/key/info')),
      allowed_networks: maybe(list('10.0.0.0/8', '10.1.0.0/16', '11.0.0.0/8', '::/0')),
      max_reasoning_effort: maybe(fc.constantFrom(...effortRanks)),
      service_tier: maybe(fc.constantFrom('forbidden' as const, 'default' as const, 'priority' as const)),
      rpm_limit: maybe(fc.nat(3)),
      tpm_limit: maybe(fc.nat(3)),
      max_parallel_requests: maybe(fc.nat(3)),
      max_budget: maybe(fc.nat(3)),
      token_budget: maybe(fc.nat(3)),
      budget_duration: maybe(fc.constantFrom('1d', '7d')),
      model_rpm_limit: maybe(fc.dictionary(fc.constantFrom('a', 'b', 'constructor'), fc.nat(3))),
      deployments: maybe(list('d1', 'd2')),
      expiresMs: maybe(fc.nat(3)),
    })
    .map((fields) => keyRowSchema.parse({ ...fields, secrets: [{ hash: '0'.repeat(64) }], key_name: 'sk-...' }));
  const rules: HolderRules = { limitMode: 'enforce', proxy: undefined, customer: undefined };
  const holder = (of: KeyRow): Principal =>
    principalOf(
      {
        key: { kind: 'key', id: 'k', version: 1, createdAtMs: 0, updatedAtMs: 0, row: of },
        team: undefined,
        user: undefined,
        member: undefined,
        budgets: new Map(),
      },
      rules,
      0,
    );

  it('can do nothing that the key cannot', () => {
    let within = 0;
    fc.assert(
      fc.property(row, row, fc.boolean(), (one, granter, isHeir) => {
        const key = isHeir ? { ...granter, ...Object.fromEntries(Object.entries(one).slice(0, 2)) } : one;
        if (exceededField(key, granter) !== undefined) return;
        within += 1;
        const [low, high] = [holder(key), holder(granter)];
        for (const model of models)
          if (mayUse(low, model, { names: [], accessGroups: [] }))
            expect(mayUse(high, model, { names: [], accessGroups: [] })).toBe(true);
        for (const [kind, path] of [
          ['llm_api', '/v1/responses'],
          ['info', '/key/info'],
          ['management', '/key/update'],
        ] as const) {
          const rule = { kind, roles: 'everyone', always: false } as const;
          if (routeRefusal(low, rule, path) === undefined) expect(routeRefusal(high, rule, path)).toBeUndefined();
        }
        for (const address of ['10.1.2.3', '10.2.3.4', '11.1.1.1', '12.1.1.1', '2001::1'])
          if (reaches(low, address)) expect(reaches(high, address)).toBe(true);
        expectNoLooser(low, high);
        expect(key.expiresMs ?? 99).toBeLessThanOrEqual(granter.expiresMs ?? 99);
      }),
      { numRuns: 5_000 },
    );
    // Else the property would say nothing.
    expect(within).toBeGreaterThan(200);
  });
});

function reaches({ policy }: Principal, address: string): boolean {
  return (
    policy.networks === undefined ||
    isWithin(
      address,
      policy.networks.flatMap((each) => parseNetwork(each) ?? []),
    )
  );
}

// eslint-disable-next-line complexity -- what must not be looser is read together
function expectNoLooser(low: Principal, high: Principal): void {
  const [own, granted] = [low, high].map(({ scopes }) => scopes[0]?.limits);
  for (const field of ['requestsPerWindow', 'tokensPerWindow', 'parallel'] as const)
    expect(own?.[field] ?? Infinity).toBeLessThanOrEqual(granted?.[field] ?? Infinity);
  for (const { unit, duration, max } of granted?.budgets ?? []) {
    const same = own?.budgets.find((budget) => budget.unit === unit && budget.duration === duration);
    expect(same?.max ?? Infinity).toBeLessThanOrEqual(max);
  }
  for (const [model, scopes] of high.modelScopes) {
    const most = scopes[0]?.limits.requestsPerWindow ?? Infinity;
    expect(low.modelScopes.get(model)?.[0]?.limits.requestsPerWindow ?? Infinity).toBeLessThanOrEqual(most);
  }
}
