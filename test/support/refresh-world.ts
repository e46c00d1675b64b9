import { Accounts, type Login } from '../simulator/accounts';
import { Clock } from '../../src/kernel/clock';
import { type CredentialCommand, type CredentialReply } from '../../src/state/credentials/credential-command';
import { apply } from '../../src/state/credentials/credential-machine';
import {
  type AccountRecord,
  emptyAccount,
  freeLane,
  type LaneRecord,
} from '../../src/state/credentials/credential-record';
import { CredentialStore } from '../../src/state/credentials/credential-store';
import { Sealer } from '../../src/state/credentials/seal';
import { StateUnavailable } from '../../src/state/state-unavailable';
import { loginOf } from '../../src/auth/auth-file';
import { type FileLogin, fingerprintOf, type LoginUpdate, UnwritableLogin } from '../../src/auth/login-files';
import { FailPoints } from '../../src/auth/refresh/fail-point';
import { LoginAccount } from '../../src/auth/refresh/login-account';
import { LoginVault } from '../../src/auth/refresh/login-vault';
import { RefreshCycle } from '../../src/auth/refresh/refresh-cycle';
import { type RefreshOutcome } from '../../src/auth/refresh/refresh-outcome';
import { TokenEndpoint } from '../../src/auth/refresh/token-endpoint';

const deadlineMs = 20_000;
const sealer = new Sealer(['salt-key-of-the-seeds']);

/** The same numbers for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** One presentation of a refresh token at the token endpoint. */
interface Sent {
  readonly token: string;
  readonly atMs: number;
  processed: boolean;
  /** A living process heard the answer, or gave up waiting. */
  ended: boolean;
  /** The pair of the answer reached state or file. */
  kept: boolean;
  answer: Login | undefined;
}

/** A state, a file, a token endpoint and a clock that several processes share; every wait ends when the driver says so. */
export class World extends Clock {
  ms = 1_800_000_000_000;
  record: AccountRecord = emptyAccount;
  lane: LaneRecord = freeLane;
  file: { accessToken: string; refreshToken: string; expiresAtMs: number; lastRefreshMs: number };
  readonly accounts = new Accounts();
  readonly login = this.accounts.mint();
  readonly sent: Sent[] = [];
  /** Intents without an outcome: fingerprint by holder. */
  readonly silent = new Map<string, string>();
  waiting: { readonly who: Process; readonly go: () => void }[] = [];
  faulty = true;

  constructor(readonly random: () => number) {
    super();
    this.file = { ...this.login, expiresAtMs: this.ms + 60_000, lastRefreshMs: this.ms };
  }
  override nowMs(): number {
    return this.ms;
  }
  override monotonicMs(): number {
    return this.ms;
  }
  chance(share: number): boolean {
    return this.faulty && this.random() < share;
  }

  run(command: CredentialCommand): CredentialReply {
    const before = this.record.generation;
    const { reply, state } = apply({ account: this.record, lane: this.lane }, command, this.ms);
    this.record = state.account;
    this.lane = state.lane;
    expect(this.record.generation).toBeGreaterThanOrEqual(before);
    if (reply.kind === 'recorded' && command.name === 'intend') this.silent.set(command.holder, command.fingerprint);
    if (command.name === 'fail' && command.fate !== 'uncertain') this.silent.delete(command.holder);
    this.noteKept(this.record.fingerprint);
    return reply;
  }

  /** What a token endpoint does with a token, and what may be seen of it from outside. */
  present(token: string): Sent {
    const calls = this.sent.filter((each) => !each.ended && this.ms - each.atMs < deadlineMs);
    expect(calls).toEqual([]);
    const earlier = this.sent.filter((each) => each.token === token && each.processed);
    expect(earlier.length).toBeLessThanOrEqual(1);
    for (const each of earlier) expect(each.kept).toBe(false);
    const sent: Sent = {
      token,
      atMs: this.ms,
      processed: !this.chance(0.1),
      ended: false,
      kept: false,
      answer: undefined,
    };
    this.sent.push(sent);
    if (!sent.processed) return sent;
    const verdict = this.accounts.refresh(token);
    if (verdict.kind === 'rotated') sent.answer = verdict.login;
    return sent;
  }

  /** The Codex CLI: rotates the login of the file and writes it, in one go. */
  rotateElsewhere(): void {
    const verdict = this.accounts.refresh(this.file.refreshToken);
    if (verdict.kind !== 'rotated') return;
    this.put(verdict.login.accessToken, verdict.login.refreshToken);
  }

  put(accessToken: string, refreshToken: string): void {
    this.file = { accessToken, refreshToken, expiresAtMs: this.ms + 864_000_000, lastRefreshMs: this.ms };
    this.noteKept(fingerprintOf({ accessToken, refreshToken, personalToken: undefined, apiKey: undefined }));
  }

  private noteKept(fingerprint: string): void {
    for (const each of this.sent) {
      const token = each.answer?.refreshToken;
      if (token === undefined) continue;
      const parts = { refreshToken: token, accessToken: undefined, personalToken: undefined, apiKey: undefined };
      if (fingerprintOf(parts) === fingerprint) each.kept = true;
    }
  }
}

/** One gateway process; after `die` nothing that it waits for ever comes. */
export class Process {
  isAlive = true;
  busy = false;
  readonly account: LoginAccount;
  private readonly cycle: RefreshCycle;

  constructor(
    private readonly world: World,
    name: string,
  ) {
    const vault = new LoginVault(this.store(), { sealer: () => Promise.resolve(sealer) }, name);
    const logger = { event: () => undefined };
    this.account = new LoginAccount(
      { kind: 'auth_file', path: '/auth.json' },
      { vault, files: this.files(), logger, random: world.random },
    );
    const times = { tokenEndpointMs: deadlineMs, refreshLeaseMs: 60_000 };
    const parts = { vault, clock: world, random: world.random, times };
    this.cycle = new RefreshCycle({ ...parts, endpoint: this.endpoint(), failPoints: this.steps() });
  }

  /** One try; the process is busy until it ends. */
  begin(): void {
    this.busy = true;
    void this.cycle.run(this.account, 'proactive_expiry').finally(() => {
      this.busy = false;
    });
  }

  /** What every process does now and then. */
  look(): void {
    this.busy = true;
    const looked = this.account.readState().then(() => this.account.lookAgain());
    void looked.finally(() => {
      this.busy = false;
    });
  }

  die(): void {
    this.isAlive = false;
    this.world.waiting = this.world.waiting.filter(({ who }) => who !== this);
  }

  private pause(): Promise<void> {
    return new Promise((go) => {
      if (this.isAlive) this.world.waiting.push({ who: this, go });
    });
  }

  private steps(): FailPoints {
    const pause = (): Promise<void> => this.pause();
    return new (class extends FailPoints {
      override at(): Promise<void> {
        return pause();
      }
    })();
  }

  private store(): CredentialStore {
    const { world } = this;
    const pause = (): Promise<void> => this.pause();
    return new (class extends CredentialStore {
      override async run(command: CredentialCommand): Promise<CredentialReply> {
        await pause();
        if (world.chance(0.04)) throw new StateUnavailable('offline');
        const reply = world.run(command);
        await pause();
        if (world.chance(0.04)) throw new StateUnavailable('timeout');
        return reply;
      }
      override announce(): Promise<void> {
        return Promise.resolve();
      }
      override onChange(): () => void {
        return () => undefined;
      }
      override nowMs(): number {
        return world.nowMs();
      }
      override close(): Promise<void> {
        return Promise.resolve();
      }
    })();
  }

  private files(): {
    read(): Promise<FileLogin>;
    write(path: string, update: LoginUpdate): Promise<'written' | 'changed'>;
  } {
    const { world } = this;
    return {
      read: async () => {
        await this.pause();
        const { lastRefreshMs, expiresAtMs, accessToken, refreshToken } = world.file;
        const login = loginOf({ tokens: { access_token: accessToken, refresh_token: refreshToken } });
        return { ...login, expiresAtMs, fingerprint: fingerprintOf(login), lastRefreshMs };
      },
      write: async (_, { replaces, pair }) => {
        await this.pause();
        if (world.chance(0.15)) throw new UnwritableLogin('full');
        const current = { ...world.file, personalToken: undefined, apiKey: undefined };
        if (fingerprintOf(current) !== replaces) return 'changed';
        world.put(pair.accessToken, pair.refreshToken ?? '');
        await this.pause();
        return 'written';
      },
    };
  }

  private endpoint(): TokenEndpoint {
    const { world } = this;
    const pause = (): Promise<void> => this.pause();
    return new (class extends TokenEndpoint {
      override async refresh(refreshToken: string): Promise<RefreshOutcome> {
        const sent = world.present(refreshToken);
        await pause();
        sent.ended = true;
        if (world.ms - sent.atMs >= deadlineMs || world.chance(0.05)) return { kind: 'uncertain', code: 'lost' };
        if (!sent.processed) return { kind: 'transient', code: 'http_503', retryAfterMs: undefined };
        if (sent.answer === undefined) return { kind: 'permanent', code: 'refresh_token_reused', advice: 'own_login' };
        const { accessToken, refreshToken: next, idToken } = sent.answer;
        return { kind: 'renewed', tokens: { accessToken, refreshToken: next, idToken, lifetimeMs: 864_000_000 } };
      }
    })();
  }
}
