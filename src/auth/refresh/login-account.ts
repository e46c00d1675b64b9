import { type GatewayError } from '../../kernel/errors';
import { isFinal } from '../../state/credentials/credential-record';
import { StateUnavailable } from '../../state/state-unavailable';
import { type GatewayLogger } from '../../telemetry/logger';
import { UnreadableLogin } from '../auth-file';
import { type FileLogin, type LoginFiles } from '../login-files';
import { noStoredLogin, unusableFile } from './account-state';
import { FileCopy, type FileTrouble } from './file-copy';
import { bearerOf, type HeldLogin, loginOfFile } from './held-login';
import { accountIdOf, homeNameOf, type LoginHome } from './login-home';
import { type AccountView, type LoginVault } from './login-vault';
import { type Moments, momentsOf } from './refresh-policy';
import { type RefreshedAccount } from './refresh-cycle';

/** What an account needs of the world. */
export interface AccountParts {
  readonly vault: LoginVault;
  readonly files: Pick<LoginFiles, 'read' | 'write'>;
  readonly logger: Pick<GatewayLogger, 'event'>;
  readonly random: () => number;
}

/** What the file held when it was last compared with the state. */
interface Settled {
  readonly fingerprint: string;
  readonly bearer: string | undefined;
  readonly generation: number;
  readonly isSpent: boolean;
}

/**
 * One login and what the shared state knows of it: the newest generation of file and state is held in memory. A named login
 * has no file, and the state is all there is. Decides nothing about refreshing.
 */
export class LoginAccount implements RefreshedAccount {
  /** The same on all replicas. */
  readonly id: string;
  /** For people: `auth.json`, or the name of the login. */
  readonly name: string;
  private readonly copy: FileCopy | undefined;
  /** The file holds something that is not refreshed: an API key, an `at-…` token, a login without refresh token. */
  plain: FileLogin | undefined;
  /** Why there was no login to be had at the last look. */
  fault: GatewayError | undefined;
  view: AccountView | undefined;
  private held: HeldLogin | undefined;
  private moments: Moments | undefined;
  private settled: Settled | undefined;
  private unsaved: { readonly login: HeldLogin; readonly holder: string } | undefined;
  private looking: Promise<void> | undefined;

  constructor(
    readonly home: LoginHome,
    private readonly parts: AccountParts,
  ) {
    this.id = accountIdOf(home);
    this.name = homeNameOf(home);
    const { files, logger } = parts;
    this.copy =
      home.kind === 'auth_file' ? new FileCopy(files, logger, { path: home.path, name: this.name }) : undefined;
  }

  /** Why the file lags behind; undefined for a login without a file. */
  get fileTrouble(): FileTrouble | undefined {
    return this.copy?.trouble;
  }

  get isFile(): boolean {
    return this.home.kind === 'auth_file';
  }

  /** Undefined while there is none, or the file says that another kind of credential is meant. */
  get login(): HeldLogin | undefined {
    return this.plain === undefined ? this.held : undefined;
  }

  /** What calls would carry now. */
  get bearer(): string | undefined {
    return this.plain === undefined ? this.held?.token.bearer : bearerOf(this.plain);
  }

  /** When the held login has to be refreshed and when it ends; drawn once for each token. */
  get times(): Moments | undefined {
    return this.login && this.moments;
  }

  /** A renewed pair is in this memory and nowhere in the state. */
  get isUnsaved(): boolean {
    return this.unsaved !== undefined;
  }

  /** The state says that this login cannot be refreshed any more. */
  isDead(nowMs: number): boolean {
    const record = this.view?.record;
    return record !== undefined && record.generation === this.held?.generation && isFinal(record, nowMs);
  }

  /** Reads the file, or the state where there is none, adopts what is newer, and saves what could not be saved. Never fails. */
  lookAgain(): Promise<void> {
    this.looking ??= this.look().finally(() => {
      this.looking = undefined;
    });
    return this.looking;
  }

  /** Asks the state, and puts back what it lost. Never fails. */
  async readState(): Promise<void> {
    try {
      await this.catchUp();
    } catch (error) {
      if (!(error instanceof StateUnavailable)) throw error;
    }
  }

  /**
   * The state was emptied or restored from an old copy, and this memory may be the only place that still has the login. Where
   * the state knows a younger one all the same, that counts, however low its generation is now.
   *
   * @throws {StateUnavailable}
   */
  async putBack(): Promise<AccountView | undefined> {
    const { login } = this;
    if (login === undefined) return undefined;
    // Without what was spent for it an old seed would look as good.
    const seen = await this.parts.vault.offer(this.id, login, 'file', this.view?.record.spent);
    if (seen.kind === 'spent' || seen.kind === 'older') {
      this.drop();
      this.view = seen;
    }
    this.take(seen);
    return seen;
  }

  take(view: AccountView): void {
    const known = this.view?.record.generation ?? 0;
    if (view.record.generation >= known || view.kind === 'adopted') this.view = view;
    if (this.isForgotten(view)) this.drop();
    const { login } = view;
    if (login === undefined || login.generation < (this.held?.generation ?? 0)) return;
    this.hold(login);
  }

  async writeFile(login: HeldLogin, old: HeldLogin): Promise<void> {
    await this.copy?.write(login, old.fingerprint, this.parts.vault.nowMs());
  }

  holdUnsaved(login: HeldLogin, holder: string): void {
    this.unsaved = { login, holder };
    this.hold(login);
    this.parts.logger.event('error', 'a renewed login could not be kept in the shared state; it is tried again', {
      credentialFile: this.name,
    });
  }

  private hold(login: HeldLogin): void {
    const before = this.held;
    // The same token stays the same object, so that callers can compare.
    const isSame = before?.access === login.access && before.token.accountId === login.token.accountId;
    this.held = isSame ? { ...login, token: before.token } : login;
    if (!isSame || this.moments === undefined || before.expiresAtMs !== login.expiresAtMs) {
      this.moments = momentsOf(login, this.parts.random());
    }
  }

  /** Somebody logged out. A login that the state has not seen yet is another one. */
  private isForgotten({ record }: AccountView): boolean {
    const heldGeneration = this.held?.generation ?? 0;
    return record.fingerprint === '' && heldGeneration > 0 && record.generation >= heldGeneration;
  }

  private drop(): void {
    if (this.home.kind === 'stored_login') this.fault = noStoredLogin(this.home.name);
    this.held = undefined;
    this.moments = undefined;
    this.settled = undefined;
  }

  /** @returns what the state says now. @throws {StateUnavailable} */
  private async catchUp(): Promise<AccountView> {
    const view = await this.parts.vault.read(this.id);
    this.take(view);
    // A pair that the state never had is kept in another way.
    if (this.unsaved !== undefined || view.record.generation >= (this.login?.generation ?? 0)) return view;
    return (await this.putBack()) ?? view;
  }

  private look(): Promise<void> {
    return this.home.kind === 'auth_file' ? this.lookAtFile(this.home.path) : this.lookAtState(this.home.name);
  }

  private async lookAtState(name: string): Promise<void> {
    try {
      await this.saveUnsaved();
      const view = await this.catchUp();
      // Tokens that no key of ours opens are no missing login: the record says what to do about them.
      this.fault = view.record.sealed === '' ? noStoredLogin(name) : undefined;
    } catch (error) {
      if (!(error instanceof StateUnavailable)) throw error;
      this.fault = error;
    }
  }

  private async lookAtFile(path: string): Promise<void> {
    const file = await this.readFile(path);
    if (file !== undefined) {
      this.plain = loginOfFile(file) === undefined ? file : undefined;
      if (this.plain !== undefined) return;
    }
    try {
      await this.saveUnsaved();
      if (file !== undefined) await this.compare(file);
      else if (this.held === undefined) await this.catchUp();
    } catch (error) {
      if (!(error instanceof StateUnavailable)) throw error;
      if (file !== undefined) this.provisional(file);
    }
  }

  private async readFile(path: string): Promise<FileLogin | undefined> {
    try {
      const file = await this.parts.files.read(path);
      this.fault = undefined;
      return file;
    } catch (error) {
      this.fault = unusableFile(this.name, error instanceof UnreadableLogin ? error.message : 'could not be read');
      return undefined;
    }
  }

  /** Brings file and state together; costs nothing while neither changed. */
  private async compare(file: FileLogin): Promise<void> {
    if (!this.isSettled(file)) await this.offer(file);
    if (this.settled?.isSpent !== true) this.copy?.settled();
    else if (this.held !== undefined && this.copy?.isDue(this.parts.vault.nowMs()) === true) {
      // An old seed, or a file that could not be written: the state is ahead of it.
      await this.copy.write(this.held, file.fingerprint, this.parts.vault.nowMs());
    }
  }

  private isSettled({ fingerprint, accessToken }: FileLogin): boolean {
    const { settled } = this;
    const isSame = settled?.fingerprint === fingerprint && settled.bearer === accessToken;
    return isSame && settled.generation === this.held?.generation;
  }

  private async offer(file: FileLogin): Promise<void> {
    const offered = loginOfFile(file);
    if (offered === undefined) return;
    // First what this memory has: a state that was emptied would take an old seed, whose refresh token is spent, for the newest.
    await this.catchUp();
    const seen = await this.parts.vault.offer(this.id, offered);
    this.take(seen);
    // No key of ours opens what the state holds, but the file has the same login.
    if (seen.kind === 'same' && seen.login === undefined) this.hold({ ...offered, generation: seen.record.generation });
    const { fingerprint, accessToken: bearer } = file;
    this.settled = { fingerprint, bearer, generation: this.held?.generation ?? 0, isSpent: seen.kind === 'spent' };
  }

  private async saveUnsaved(): Promise<void> {
    const { unsaved } = this;
    if (unsaved === undefined) return;
    const view = await this.parts.vault.keep(this.id, unsaved.login, unsaved.holder);
    this.unsaved = undefined;
    this.take(view);
    await this.parts.vault.announce(this.id);
  }

  /** Without the state the file is all there is: good for calls, not for refreshing. */
  private provisional(file: FileLogin): void {
    const login = loginOfFile(file);
    if (login === undefined || this.unsaved !== undefined || this.held?.access === login.access) return;
    if ((login.expiresAtMs ?? 0) > (this.held?.expiresAtMs ?? 0) || this.held === undefined) this.hold(login);
  }
}
