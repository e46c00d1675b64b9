import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { MovedClock } from '../../../test/support/moved-clock';
import { redisLogins } from '../../../test/support/redis-logins';
import { describeWithRedis, RedisServer } from '../../../test/support/redis-server';
import { RedisLink } from '../redis/redis-link';
import { type CredentialCommand } from './credential-command';
import { apply, type CredentialState } from './credential-machine';
import { emptyAccount, freeLane } from './credential-record';
import { type CredentialStore } from './credential-store';
import { JournalCredentialStore } from './journal-credential-store';

const runs = process.env['TEST_LONG'] === undefined ? 60 : 600;
const clock = new MovedClock();
const times = { connectMs: 2_000, redisCommandMs: 2_000 };
let nowMs = 1_700_000_000_000;
let redis: RedisServer;
let link: RedisLink;
let folder: string;

beforeAll(async () => {
  redis = await RedisServer.start();
  link = new RedisLink(redis.settings(), times, clock);
  await link.open();
  folder = mkdtempSync(join(tmpdir(), 'credential-store-'));
});
afterAll(async () => {
  await link.close();
  await redis.close();
  rmSync(folder, { recursive: true });
});

const redisStore = (): CredentialStore => redisLogins(link, () => nowMs);

function journalStore(name: string): JournalCredentialStore {
  return new JournalCredentialStore(join(folder, name), { nowMs: () => nowMs, monotonicMs: () => nowMs });
}

/** A command whose generation is still relative to what the state has when it runs. */
interface Draft {
  readonly name: CredentialCommand['name'] | 'restart';
  readonly account: string;
  readonly holder: string;
  readonly fingerprint: string;
  readonly delta: number;
  /** The pair an adoption brings had a generation this much above the state's, which lost some. */
  readonly ahead: number;
  readonly knownSpent: string;
  readonly fate: 'permanent' | 'transient' | 'not_sent' | 'uncertain';
  readonly agoMs: number;
  readonly stepMs: number;
}

const draft: fc.Arbitrary<Draft> = fc.record({
  name: fc.constantFrom(
    ...(['adopt', 'adopt', 'claim', 'claim', 'claim', 'intend', 'intend', 'intend', 'store', 'fail'] as const),
    ...(['fail', 'release', 'reseal', 'forget', 'read', 'restart'] as const),
  ),
  account: fc.constantFrom('a', 'b'),
  holder: fc.constantFrom('h1', 'h1', 'h2', 'h3'),
  fingerprint: fc.constantFrom('f0', 'f1', 'f2', 'f3', 'current', 'current'),
  delta: fc.constantFrom(0, 0, 0, 0, 1, -1),
  ahead: fc.constantFrom(0, 0, 0, 5),
  knownSpent: fc.constantFrom('', '', '', 'f1', 'f0 f2', 'f3 f9 f1 f7'),
  fate: fc.constantFrom('permanent', 'transient', 'not_sent', 'uncertain'),
  agoMs: fc.constantFrom(0, 60_000, 600_000, -1),
  stepMs: fc.constantFrom(0, 0, 1_000, 30_000, 61_000, 121_000, -5_000),
});

/** Mostly what sends a token: one login with few pairs, so that the same token comes to its last sending. */
const sending: fc.Arbitrary<Draft> = fc.record({ draft, isCurrent: fc.boolean(), at: fc.nat(11) }).map((each) => {
  const names = ['adopt', 'claim', 'claim', 'claim', 'intend', 'intend', 'intend', 'store', 'fail'] as const;
  const fingerprint = each.isCurrent ? 'current' : 'f0';
  return { ...each.draft, account: 'a', fingerprint, name: names[each.at] ?? each.draft.name };
});

// eslint-disable-next-line complexity -- one branch a command
function commandOf(each: Draft, { account: seen }: CredentialState): CredentialCommand | undefined {
  const { name, account, holder, delta, fate, agoMs } = each;
  const expectedGeneration = Math.max(0, seen.generation + delta);
  const fingerprint = each.fingerprint === 'current' ? seen.fingerprint || 'f9' : each.fingerprint;
  const target = { account, lane: 'client' };
  const pair = { fingerprint, access: `a-${each.fingerprint}`, sealed: `s.${nowMs}`, expiresAtMs: nowMs + agoMs * 3 };
  switch (name) {
    case 'restart':
      return undefined;
    case 'adopt': {
      const issued = agoMs < 0 ? 0 : nowMs - agoMs;
      const by = { by: 'file' as const, byId: 'process' };
      return {
        ...target,
        ...pair,
        name,
        expectedGeneration,
        newGeneration: expectedGeneration + Math.max(1, each.ahead),
        leastGeneration: each.ahead > 0 ? seen.generation + each.ahead : 0,
        issuedAtMs: issued,
        spent: each.knownSpent,
        ...by,
      };
    }
    case 'claim':
      return { ...target, name, holder, expectedGeneration, leaseMs: 60_000 };
    case 'intend':
      return { ...target, name, holder, fingerprint };
    case 'store':
      return { ...target, ...pair, name, holder, expectedGeneration, byId: 'process' };
    case 'fail':
      return {
        ...target,
        name,
        holder,
        expectedGeneration,
        fate,
        code: `code-${fate}`,
        advice: 'own_login',
        backoffMs: 7_000,
      };
    case 'release':
      return { ...target, name, holder };
    case 'reseal':
      return { ...target, name, expectedGeneration, sealed: 'sealed anew' };
    case 'forget':
      return { ...target, name, expectedGeneration };
    case 'read':
      return { ...target, name };
  }
}

const plain = {
  holder: 'h1',
  fingerprint: 'f0',
  delta: 0,
  ahead: 0,
  knownSpent: '',
  fate: 'not_sent',
  agoMs: 0,
  stepMs: 0,
} as const;

/** Who says of a login that it was not sent, and has no lease on it, does not free the lane of another login. */
const foreignLane: readonly Draft[] = [
  { ...plain, name: 'adopt', account: 'a' },
  { ...plain, name: 'adopt', account: 'b' },
  { ...plain, name: 'claim', account: 'a' },
  { ...plain, name: 'fail', account: 'b' },
  { ...plain, name: 'claim', account: 'b' },
];

/** A pair that comes back under a higher generation is not sent a third time for that. */
const sentAgain: readonly Draft[] = [
  { ...plain, name: 'adopt', account: 'a' },
  { ...plain, name: 'claim', account: 'a' },
  { ...plain, name: 'intend', account: 'a' },
  { ...plain, name: 'claim', account: 'a', stepMs: 121_000 },
  { ...plain, name: 'intend', account: 'a' },
  { ...plain, name: 'adopt', account: 'a', ahead: 5 },
  { ...plain, name: 'claim', account: 'a', stepMs: 121_000 },
  { ...plain, name: 'intend', account: 'a' },
];

const examples: [Draft[]][] = [[[...foreignLane]], [[...sentAgain]]];

/** Runs the drafts on an engine and on the machine; both must say the same, always. */
async function conforms(drafts: readonly Draft[], engine: () => CredentialStore, keepsLeases: boolean): Promise<void> {
  const accounts = new Map<string, CredentialState['account']>();
  let lane = freeLane;
  let store = engine();
  for (const each of drafts) {
    nowMs += each.stepMs;
    const state = { account: accounts.get(each.account) ?? emptyAccount, lane };
    const command = commandOf(each, state);
    if (command === undefined) {
      await store.close();
      store = engine();
      if (keepsLeases) continue;
      lane = freeLane;
      for (const [id, account] of accounts) accounts.set(id, { ...account, holder: '', leaseUntilMs: 0 });
      continue;
    }
    const expected = apply(state, command, nowMs);
    expect(await store.run(command)).toEqual(expected.reply);
    accounts.set(each.account, expected.state.account);
    lane = expected.state.lane;
  }
  await store.close();
}

describeWithRedis('the engines say what the pure machine says, for any sequence of commands,', () => {
  let run = 0;
  const sequences = fc.array(draft, { minLength: 5, maxLength: 60 });

  it('Redis', async () => {
    await fc.assert(
      fc.asyncProperty(sequences, async (drafts) => {
        run += 1;
        const own = drafts.map((each) => ({ ...each, account: `${each.account}${run}` }));
        // The lane is shared by all runs, so each begins after the longest lease.
        nowMs += 1_000_000;
        await link.run((commands) => commands.del(link.key('{cred}:lane:client')));
        await conforms(own, redisStore, true);
      }),
      { numRuns: runs, examples },
    );
  });

  it('the journal, over restarts', async () => {
    await fc.assert(
      fc.asyncProperty(sequences, async (drafts) => {
        run += 1;
        await conforms(drafts, () => journalStore(`run-${run}`), false);
      }),
      { numRuns: Math.ceil(runs / 3), examples },
    );
  });
});

describeWithRedis('the invariants of the machine, over random commands:', () => {
  it('the generation never falls, a spent token never returns, no token is sent a third time', () => {
    fc.assert(
      // eslint-disable-next-line complexity -- the invariants are read together
      fc.property(fc.array(sending, { minLength: 20, maxLength: 120 }), (drafts) => {
        let state: CredentialState = { account: emptyAccount, lane: freeLane };
        const sent = new Map<string, number>();
        for (const each of drafts) {
          nowMs += each.stepMs;
          const command = commandOf(each, state);
          if (command === undefined) continue;
          const before = state.account;
          const { reply, state: next } = apply(state, command, nowMs);
          state = next;
          expect(next.account.generation).toBeGreaterThanOrEqual(before.generation);
          const { fingerprint, access, expiresAtMs, sends } = next.account;
          if (reply.kind === 'adopted') expect(before.spent.split(' ')).not.toContain(fingerprint);
          // It gave another access token and stayed the same: sending it does not use it up.
          const isYounger = access !== before.access && expiresAtMs > before.expiresAtMs;
          const isStored = command.name === 'store' && reply.kind === 'stored';
          if (fingerprint === before.fingerprint && (isYounger || isStored)) sent.delete(fingerprint);
          if (command.name === 'intend' && sends > before.sends)
            sent.set(fingerprint, (sent.get(fingerprint) ?? 0) + 1);
          // A sending that certainly did not happen is taken back.
          if (
            command.name === 'fail' &&
            sends < before.sends &&
            reply.kind === 'noted' &&
            next.account.failureCode === ''
          )
            sent.set(fingerprint, (sent.get(fingerprint) ?? 0) - 1);
          expect(sent.get(fingerprint) ?? 0).toBeLessThanOrEqual(2);
        }
        return true;
      }),
      { numRuns: runs * 5, examples },
    );
  });
});
