import { type Opened, type Sealer } from '../../state/credentials/seal';
import { type Keyring } from '../../state/credentials/keyring';
import {
  type CredentialCommand,
  type CredentialReply,
  type OfferedPair,
  type ReplyKind,
} from '../../state/credentials/credential-command';
import { type AccountRecord } from '../../state/credentials/credential-record';
import { type CredentialStore } from '../../state/credentials/credential-store';
import { contentOf, type HeldLogin, loginOfContent } from './held-login';
import { oauthClientId } from './token-endpoint';

/** What the shared state says of an account. */
export interface AccountView {
  readonly kind: ReplyKind;
  readonly untilMs: number;
  readonly record: AccountRecord;
  /** Its login; undefined when there is none, or no key of ours opens it. */
  readonly login: HeldLogin | undefined;
}

type WithoutTarget<C> = C extends unknown ? Omit<C, 'account' | 'lane'> : never;

/** A command on an account that is named beside it. */
export type AccountCommand = WithoutTarget<CredentialCommand>;

/** How often a pair is offered anew when other processes change the account in between. */
const mostOffers = 8;

/** Puts logins into the shared state and takes them out: seals and opens, and keeps the generations right. */
export class LoginVault {
  constructor(
    private readonly store: CredentialStore,
    private readonly keyring: Pick<Keyring, 'sealer'>,
    /** Name of this process, for people who ask who rotated a login. */
    readonly instance: string,
  ) {}

  nowMs(): number {
    return this.store.nowMs();
  }

  /** @throws {StateUnavailable} as all methods here. */
  read(account: string): Promise<AccountView> {
    return this.run(account, { name: 'read' });
  }

  async run(account: string, command: AccountCommand): Promise<AccountView> {
    return this.viewOf(account, await this.store.run({ ...command, account, lane: oauthClientId }));
  }

  announce(account: string): Promise<void> {
    return this.store.announce(account);
  }

  /**
   * Offers a login found in a file, made by a person, or left in memory after the state lost it.
   *
   * @param spent fingerprints that are known to be spent, with blanks between: the state may have lost them as well.
   * @returns kind `adopted`, `same`, `spent` or `older`, with the login that counts now.
   */
  async offer(account: string, login: HeldLogin, by: 'file' | 'login' = 'file', spent = ''): Promise<AccountView> {
    const sealer = await this.keyring.sealer();
    let seen = await this.read(account);
    for (let tries = 0; tries < mostOffers; tries += 1) {
      const { generation } = seen.record;
      const newGeneration = Math.max(generation + 1, login.generation);
      const rotatedBy = login.rotatedBy === 'gateway' ? 'gateway' : by;
      seen = await this.run(account, {
        name: 'adopt',
        ...sealedPair(sealer, account, { ...login, generation: newGeneration }),
        expectedGeneration: generation,
        newGeneration,
        leastGeneration: login.generation,
        // A clock that ran ahead when the login was made must not let it outrank every later one.
        issuedAtMs: Math.min(login.rotatedAtMs, this.nowMs()),
        spent,
        by: rotatedBy,
        byId: login.rotatedById === '' ? this.instance : login.rotatedById,
      });
      if (seen.kind !== 'moved') break;
    }
    if (seen.kind === 'adopted') await this.announce(account);
    if (seen.kind === 'same' && seen.login === undefined) return this.resealed(account, login, seen);
    return seen;
  }

  /** Keeps the pair that a token call gave in place of `login.generation - 1`. Repeatable after a lost reply. */
  async keep(account: string, login: HeldLogin, holder: string): Promise<AccountView> {
    const sealer = await this.keyring.sealer();
    const expectedGeneration = login.generation - 1;
    const command = { expectedGeneration, holder, byId: this.instance } as const;
    const view = await this.run(account, { name: 'store', ...sealedPair(sealer, account, login), ...command });
    if (view.kind !== 'moved') return view;
    if (view.record.fingerprint === login.fingerprint && view.record.access === login.access) {
      return { ...view, kind: 'stored' };
    }
    // The state lost what came before: the pair is younger than anything it knows.
    return view.record.generation < expectedGeneration ? this.offer(account, login) : view;
  }

  private async viewOf(account: string, reply: CredentialReply): Promise<AccountView> {
    const { record } = reply;
    if (record.sealed === '') return { ...reply, login: undefined };
    const sealer = await this.keyring.sealer();
    const opened = sealer.open(record.sealed, bindingOf(account, record.generation));
    const login = opened && loginIn(opened, record);
    if (login !== undefined && opened?.isCurrent === false) await this.resealed(account, login, { ...reply, login });
    return { ...reply, login };
  }

  /** After a change of the salt key; harmless when somebody else was faster. */
  private async resealed(account: string, login: HeldLogin, view: AccountView): Promise<AccountView> {
    const { record } = view;
    if (record.fingerprint !== login.fingerprint || record.access !== login.access) return view;
    const current = { ...login, generation: record.generation };
    const { sealed } = sealedPair(await this.keyring.sealer(), account, current);
    const command = { name: 'reseal', expectedGeneration: record.generation, sealed } as const;
    const reply = await this.store.run({ ...command, account, lane: oauthClientId });
    return { ...view, record: reply.record, login: current };
  }
}

function sealedPair(sealer: Sealer, account: string, login: HeldLogin): OfferedPair {
  return {
    fingerprint: login.fingerprint,
    access: login.access,
    sealed: sealer.seal(contentOf(login), bindingOf(account, login.generation)),
    expiresAtMs: login.expiresAtMs ?? 0,
  };
}

function loginIn({ text }: Opened, record: AccountRecord): HeldLogin | undefined {
  const { generation, expiresAtMs, rotatedAtMs, rotatedBy, rotatedById } = record;
  const known = { generation, rotatedAtMs, rotatedBy, rotatedById };
  return loginOfContent(text, { ...known, expiresAtMs: expiresAtMs === 0 ? undefined : expiresAtMs });
}

function bindingOf(account: string, generation: number): string {
  return `${account}#${generation}`;
}
