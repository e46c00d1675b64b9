import { type Reply } from '../simulator/answer';
import { burst429, faults } from '../simulator/faults';
import { teamConfig } from '../support/accounts';
import { ranked, RuledWorld, single } from '../support/ruled-world';

const rules = new RuledWorld();

describe('retry_policy and model_group_retry_policy', () => {
  const policies =
    'num_retries: 1, retry_policy: { InternalServerErrorRetries: 0, ServiceUnavailableErrorRetries: 3, BadRequestErrorRetries: 2 }';
  const other = `${teamConfig(single)}  - { model_name: other, litellm_params: { model: codex/gpt-5.5, litellm_credential_name: a } }\n`;
  rules.withRules(single, `${policies}, model_group_retry_policy: { other: { InternalServerErrorRetries: 2 } }`, {
    config: other,
  });

  it.each<[string, Reply, string, number]>([
    ['none for what it says 0 of', faults.server500, 'team', 1],
    ['as many as it says', faults.overloaded503, 'team', 4],
    ['of what else would not be tried again', faults.detail400, 'team', 3],
    ['num_retries for what it does not speak of', faults.burst429WithoutHeader, 'team', 2],
    ['the group’s own before the router’s', faults.server500, 'other', 3],
  ])('count the tries: %s', async (_, reply, model, calls) => {
    rules.world.simulator.script.always(reply);
    expect((await rules.ask({ model })).to).toHaveLength(calls);
  });

  it('yield to the count of the request itself', async () => {
    rules.world.simulator.script.always(faults.overloaded503);
    expect((await rules.ask({ num_retries: 1 })).to).toHaveLength(2);
  });
});

describe('num_retries of a deployment, and retry_after', () => {
  rules.withRules([{ account: 'a', params: 'num_retries: 1' }], 'num_retries: 4, retry_after: 1');

  it('go before those of the router, and make the pause at least so long', async () => {
    rules.world.simulator.script.always(faults.server500);
    const startedMs = performance.now();
    expect((await rules.ask()).to).toHaveLength(2);
    expect(performance.now() - startedMs).toBeGreaterThan(990);
  });
});

describe('allowed_fails', () => {
  rules.withRules(ranked, 'routing_strategy: simple-shuffle, allowed_fails: 1, cooldown_time: 30, num_retries: 0');

  it('bears so many failures, and rests for cooldown_time at the next one', async () => {
    expect(await rules.restingAfter(faults.server500, 1)).toEqual([]);
    expect(await rules.restingAfter(faults.server500, 1)).toEqual(['deployment a errors 30']);
    expect((await rules.ask()).to).toEqual(['b']);
  });
});

describe('allowed_fails_policy', () => {
  const policy =
    '{ InternalServerErrorAllowedFails: 0, RateLimitErrorAllowedFails: 2, AuthenticationErrorAllowedFails: 1 }';
  rules.withRules(
    ranked,
    `routing_strategy: simple-shuffle, allowed_fails_policy: ${policy}, cooldown_time: 30, num_retries: 0`,
  );

  it.each<[string, Reply, number, readonly string[]]>([
    ['a kind that it bears nothing of', faults.server500, 1, ['deployment a errors 30']],
    ['bursts that it bears', burst429(9), 2, []],
    ['one burst more', burst429(9), 3, ['account a burst 9']],
    ['a refused workspace that it bears', faults.deactivatedWorkspace402, 1, []],
    ['one more', faults.deactivatedWorkspace402, 2, ['account a quarantine 600']],
    ['timeouts, of which it does not speak: three', faults.overloaded503, 3, []],
    ['and a fourth', faults.overloaded503, 4, ['deployment a errors 30']],
  ])('is counted by kind: %s', async (_, reply, calls, rests) => {
    expect(await rules.restingAfter(reply, calls)).toEqual(rests);
  });
});

describe('cooldown_time of a deployment', () => {
  rules.withRules(
    [
      { account: 'a', params: 'weight: 1, cooldown_time: 0' },
      { account: 'b', params: 'weight: 0' },
    ],
    'routing_strategy: simple-shuffle, allowed_fails: 0, num_retries: 0',
  );

  it('of 0 means that it never rests', async () => {
    expect(await rules.restingAfter(faults.server500, 3)).toEqual([]);
  });
});
