import {
  type Adopt,
  type Claim,
  type CredentialCommand,
  type CredentialReply,
  type Fail,
  type Intend,
  type OfferedPair,
  type ReplyKind,
  type Reseal,
  type Store,
} from './credential-command';
import {
  type AccountRecord,
  clockSkewMs,
  emptyAccount,
  freeLane,
  isExhausted,
  type LaneRecord,
  mostSends,
  spentKept,
  uncertainGraceMs,
} from './credential-record';

/** The account of a command and the lane it goes through. */
export interface CredentialState {
  readonly account: AccountRecord;
  readonly lane: LaneRecord;
}

/** Outcome of a command: nothing was changed when `state` is the one that went in. */
export interface Applied {
  readonly reply: CredentialReply;
  readonly state: CredentialState;
}

/**
 * The rules of refreshing over many replicas, in one place: `lua/credential-command.lua` says the same for Redis, and a
 * test drives both with the same random commands.
 *
 * A refresh token is sent only by whoever holds the lease and has recorded the intent. A lapsed lease alone allows nobody
 * to send it again: a recorded intent without outcome bars the way until lease and grace are over, and at most
 * `mostSends` times in all.
 */
export function apply(state: CredentialState, command: CredentialCommand, nowMs: number): Applied {
  switch (command.name) {
    case 'adopt':
      return adopt(state, command, nowMs);
    case 'claim':
      return claim(state, command, nowMs);
    case 'intend':
      return intend(state, command, nowMs);
    case 'store':
      return store(state, command, nowMs);
    case 'fail':
      return fail(state, command, nowMs);
    case 'release':
      if (state.account.holder !== command.holder) return same('lost', state);
      return changed('released', withoutLease(state, command.holder));
    case 'reseal':
      return reseal(state, command);
    case 'forget':
      return command.expectedGeneration === state.account.generation
        ? changed('forgotten', { ...state, account: forgotten(state.account) })
        : same('moved', state);
    case 'read':
      return same('record', state);
  }
}

function adopt(state: CredentialState, command: Adopt, nowMs: number): Applied {
  const { account } = state;
  if (isKnown(account, command)) return same('same', state);
  if (wordsOf(account.spent).includes(command.fingerprint)) return same('spent', state);
  if (account.generation !== command.expectedGeneration) return same('moved', state);
  if (isOlder(account, command) && isAlive(account, nowMs)) return same('older', state);
  // The same refresh token without a younger access token is no news of it: what is known of its sendings stays.
  const isAgain = account.fingerprint === command.fingerprint && !isYounger(account, command);
  const pair = withPair(isAgain ? account : withoutTrouble(account), command);
  const taken = {
    ...pair,
    spent: spentTogether(pair, command.spent),
    generation: Math.max(command.newGeneration, account.generation + 1),
    rotatedAtMs: command.issuedAtMs > 0 ? command.issuedAtMs : nowMs,
    rotatedBy: command.by,
    rotatedById: command.byId,
  };
  // A lease stays: its holder may be in the middle of a token call, and the lane must not get a second one.
  return changed('adopted', { ...state, account: taken });
}

function isKnown(account: AccountRecord, command: Adopt): boolean {
  const isSameLogin = account.fingerprint === command.fingerprint && account.generation > 0;
  return isSameLogin && account.generation >= command.leastGeneration && !isYounger(account, command);
}

/** Of one refresh token: it gave another access token since, so that sending it did not use it up. */
function isYounger(account: AccountRecord, { access, expiresAtMs }: OfferedPair): boolean {
  return account.access !== access && expiresAtMs > account.expiresAtMs;
}

/** Of two living logins the younger wins; a dead one gives way to any, and one that was spent to what came of it. */
function isOlder(account: AccountRecord, { fingerprint, issuedAtMs, spent }: Adopt): boolean {
  if (account.fingerprint === fingerprint || wordsOf(spent).includes(account.fingerprint)) return false;
  return issuedAtMs > 0 && issuedAtMs < account.rotatedAtMs - clockSkewMs;
}

function isAlive(account: AccountRecord, nowMs: number): boolean {
  return account.fingerprint !== '' && account.failureCode === '' && !isExhausted(account, nowMs);
}

function claim(state: CredentialState, command: Claim, nowMs: number): Applied {
  const { account, lane } = state;
  const refused = claimRefusal(state, command, nowMs);
  if (refused !== undefined) return same(refused.kind, state, refused.untilMs);
  const untilMs = nowMs + command.leaseMs;
  const isRepeated = account.holder === command.holder && account.leaseUntilMs > nowMs;
  if (isRepeated) return same('granted', state, account.leaseUntilMs);
  if (lane.untilMs > nowMs && lane.holder !== '') return same('lane_busy', state, lane.untilMs);
  const leased = { ...account, fence: account.fence + 1, holder: command.holder, leaseUntilMs: untilMs };
  return changed('granted', { account: leased, lane: { holder: command.holder, untilMs } }, untilMs);
}

interface Refusal {
  readonly kind: ReplyKind;
  readonly untilMs: number;
}

function claimRefusal({ account }: CredentialState, command: Claim, nowMs: number): Refusal | undefined {
  if (account.generation > command.expectedGeneration) return { kind: 'newer', untilMs: 0 };
  if (account.generation < command.expectedGeneration) return { kind: 'behind', untilMs: 0 };
  if (account.fingerprint === '' || account.failureCode !== '') return { kind: 'quarantined', untilMs: 0 };
  if (account.backoffUntilMs > nowMs) return { kind: 'backing_off', untilMs: account.backoffUntilMs };
  const isHeld = account.leaseUntilMs > nowMs && account.holder !== '';
  if (isHeld && account.holder !== command.holder) return { kind: 'busy', untilMs: account.leaseUntilMs };
  return isHeld ? undefined : uncertainty(account, nowMs);
}

function uncertainty(account: AccountRecord, nowMs: number): Refusal | undefined {
  if (account.intent === '') return undefined;
  if (account.intentUntilMs > nowMs) return { kind: 'uncertain', untilMs: account.intentUntilMs };
  return account.sends >= mostSends ? { kind: 'exhausted', untilMs: 0 } : undefined;
}

function intend(state: CredentialState, command: Intend, nowMs: number): Applied {
  const { account } = state;
  const isHeld = account.holder === command.holder && account.leaseUntilMs > nowMs;
  if (!isHeld || account.fingerprint !== command.fingerprint || account.failureCode !== '') return same('lost', state);
  if (account.intent !== '' && account.intentFence === account.fence) return same('recorded', state);
  const recorded = {
    ...account,
    intent: command.fingerprint,
    intentFence: account.fence,
    intentUntilMs: account.leaseUntilMs + uncertainGraceMs,
    sends: account.sends + 1,
  };
  return changed('recorded', { ...state, account: recorded });
}

function store(state: CredentialState, command: Store, nowMs: number): Applied {
  const { account } = state;
  const released = withoutLease(state, command.holder);
  if (account.generation !== command.expectedGeneration) return changed('moved', released);
  const stored = {
    ...withPair(withoutTrouble(released.account), command),
    generation: account.generation + 1,
    rotatedAtMs: nowMs,
    rotatedBy: 'gateway' as const,
    rotatedById: command.byId,
  };
  return changed('stored', { ...released, account: stored });
}

function fail(state: CredentialState, command: Fail, nowMs: number): Applied {
  const released = withoutLease(state, command.holder);
  const { account } = released;
  if (account.generation !== command.expectedGeneration) return changed('moved', released);
  const { fate, code, advice, backoffMs } = command;
  if (fate === 'uncertain') return changed('noted', released);
  if (fate === 'permanent') {
    const failure = { failureCode: code, failureAdvice: advice, failureAtMs: nowMs };
    return changed('noted', { ...released, account: { ...withoutTrouble(account), ...failure } });
  }
  // Once for each lease, so that a repeated command does not take back two sendings.
  if (state.account.holder !== command.holder) return same('lost', state);
  // This sending did not happen; one before it, whose fate is unknown, still counts.
  const sends = Math.max(0, account.sends - 1);
  const intent = sends > 0 ? {} : { intent: '', intentFence: 0, intentUntilMs: 0 };
  const backoff = { backoffCode: code, backoffUntilMs: nowMs + backoffMs, backoffCount: account.backoffCount + 1 };
  return changed('noted', { ...released, account: { ...account, ...intent, sends, ...backoff } });
}

function reseal(state: CredentialState, { expectedGeneration, sealed }: Reseal): Applied {
  if (state.account.generation !== expectedGeneration) return same('moved', state);
  return changed('resealed', { ...state, account: { ...state.account, sealed } });
}

function withPair(account: AccountRecord, pair: OfferedPair): AccountRecord {
  const { fingerprint, access, sealed, expiresAtMs } = pair;
  const spent = fingerprint === account.fingerprint ? account.spent : spentWith(account);
  return { ...account, spent, fingerprint, access, sealed, expiresAtMs };
}

function forgotten(account: AccountRecord): AccountRecord {
  const { fingerprint, access, sealed, expiresAtMs } = emptyAccount;
  const pair = { fingerprint, access, sealed, expiresAtMs };
  const cleared = { ...withoutTrouble(account), ...pair, spent: spentWith(account) };
  return { ...cleared, generation: account.generation + 1 };
}

function spentWith({ spent, fingerprint }: AccountRecord): string {
  return [...wordsOf(fingerprint), ...wordsOf(spent)].slice(0, spentKept).join(' ');
}

/** What the account knows first, then what is news to it. */
function spentTogether({ spent, fingerprint }: AccountRecord, told: string): string {
  const known = wordsOf(spent);
  const news = wordsOf(told).filter((each) => each !== fingerprint && !known.includes(each));
  return [...known, ...news].slice(0, spentKept).join(' ');
}

function wordsOf(text: string): readonly string[] {
  return text.split(' ').filter((each) => each !== '');
}

/** Intent, failure and pause belong to a pair and go with it. */
function withoutTrouble(account: AccountRecord): AccountRecord {
  const { intent, intentFence, intentUntilMs, sends } = emptyAccount;
  const { failureCode, failureAdvice, failureAtMs, backoffCode, backoffUntilMs, backoffCount } = emptyAccount;
  const failure = { failureCode, failureAdvice, failureAtMs, backoffCode, backoffUntilMs, backoffCount };
  return { ...account, intent, intentFence, intentUntilMs, sends, ...failure };
}

/** Frees what this holder has, and nothing of anybody else. */
function withoutLease({ account, lane }: CredentialState, holder: string): CredentialState {
  return {
    account: account.holder === holder ? { ...account, holder: '', leaseUntilMs: 0 } : account,
    lane: lane.holder === holder ? freeLane : lane,
  };
}

function same(kind: ReplyKind, state: CredentialState, untilMs = 0): Applied {
  return { reply: { kind, untilMs, record: state.account }, state };
}

function changed(kind: ReplyKind, state: CredentialState, untilMs = 0): Applied {
  return { reply: { kind, untilMs, record: state.account }, state };
}
