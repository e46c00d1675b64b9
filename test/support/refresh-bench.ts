import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FailPoints } from '../../src/auth/refresh/fail-point';
import { RefresherFactory } from '../../src/auth/refresh/refresher-factory';
import { OutboundTokenEndpoint } from '../../src/auth/refresh/token-endpoint';
import { RefreshedAccessTokens } from '../../src/auth/refreshed-access-tokens';
import { LoginFiles } from '../../src/auth/login-files';
import { type Identity, TokenIdentity } from '../../src/auth/token-identity';
import { type Credential } from '../../src/config/deployment';
import { type TimeLimits } from '../../src/config/time-limits';
import { UndiciOutbound } from '../../src/outbound/undici-outbound';
import { type CredentialStore } from '../../src/state/credentials/credential-store';
import { JournalCredentialStore } from '../../src/state/credentials/journal-credential-store';
import { Keyring } from '../../src/state/credentials/keyring';
import { GatewayLogger } from '../../src/telemetry/logger';
import { type AuthFileOptions, makeAuthFile } from '../simulator/auth-file';
import { type Login } from '../simulator/accounts';
import { type Simulator } from '../simulator/simulator';
import { MovedClock } from './moved-clock';
import { settingsFor } from './settings-for';

/** Whose an `at-…` token is, without asking anybody. */
export class FakeIdentity extends TokenIdentity {
  asked = 0;
  answer: Identity | Error = { accountId: 'account-of-token', isFedramp: true };

  override identify(): Promise<Identity> {
    this.asked += 1;
    return this.answer instanceof Error ? Promise.reject(this.answer) : Promise.resolve(this.answer);
  }
}

/** What a process of the bench may have of its own. */
export interface ProcessOptions {
  readonly store?: CredentialStore;
  readonly files?: LoginFiles;
  readonly failPoints?: FailPoints;
  readonly times?: Partial<TimeLimits>;
  readonly saltKeys?: readonly [string, ...string[]];
  /** Folder of local state; default one of the bench. */
  readonly stateDir?: string;
}

/** What a gateway process has of logins, without its doors. */
export interface BenchProcess {
  readonly tokens: RefreshedAccessTokens;
  readonly store: CredentialStore;
  readonly identity: FakeIdentity;
  /** Lines of its log. */
  readonly log: readonly string[];
  readonly close: () => Promise<void>;
}

class NoFailPoints extends FailPoints {
  override at(): Promise<void> {
    return Promise.resolve();
  }
}

/** Login files, a clock and processes that refresh them at a simulator. */
export class RefreshBench {
  readonly folder = mkdtempSync(join(tmpdir(), 'refresh-'));
  readonly clock = new MovedClock();
  readonly path = join(this.folder, 'auth.json');
  readonly credential: Credential = { name: 'default', source: { kind: 'auth_file', path: this.path } };
  private readonly running: BenchProcess[] = [];

  constructor(private readonly simulator: Simulator) {}

  /** As the CLI does it: a new file renamed over the old one. */
  login(options: AuthFileOptions = {}, path = this.path): Login {
    const made = makeAuthFile(this.simulator.tokens, this.folder, { ...options, fileName: 'new.json' });
    renameSync(made.path, path);
    return made.login;
  }

  /** Refresh and access token that the file holds now. */
  file(path = this.path): { readonly access: string; readonly refresh: string } {
    const { tokens } = JSON.parse(readFileSync(path, 'utf8')) as { tokens: Record<string, string> };
    return { access: tokens['access_token'] ?? '', refresh: tokens['refresh_token'] ?? '' };
  }

  start(options: ProcessOptions = {}): BenchProcess {
    const { saltKeys = ['salt-key-of-the-suite'], times = {} } = options;
    const stateDir = options.stateDir ?? join(this.folder, 'state');
    const [saltKey, ...previousSaltKeys] = saltKeys;
    const rest = {
      stateDir,
      saltKey,
      previousSaltKeys,
      defaultCredential: this.credential,
      logLevel: 'debug' as const,
    };
    const settings = settingsFor(this.simulator.url, { times, rest });
    const log: string[] = [];
    const logger = new GatewayLogger(settings, { write: (line: string) => void log.push(line) });
    const outbound = new UndiciOutbound(settings);
    const store = options.store ?? new JournalCredentialStore(stateDir, this.clock);
    const factory = new RefresherFactory(
      settings,
      this.clock,
      store,
      new Keyring(settings),
      new OutboundTokenEndpoint(settings, outbound, this.clock),
      options.failPoints ?? new NoFailPoints(),
      options.files ?? new LoginFiles(),
      logger,
    );
    const identity = new FakeIdentity();
    const tokens = new RefreshedAccessTokens(factory, identity);
    const started = {
      tokens,
      store,
      identity,
      log,
      close: async () => {
        await tokens.onModuleDestroy();
        await store.close();
        await outbound.close();
      },
    };
    this.running.push(started);
    return started;
  }

  /** Ends every process and removes the files. */
  async close(): Promise<void> {
    this.simulator.release();
    await Promise.all(this.running.map((each) => each.close()));
    rmSync(this.folder, { recursive: true, force: true });
  }
}
