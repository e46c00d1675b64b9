import { hash, timingSafeEqual } from 'node:crypto';
import { noLimits } from '../kernel/limits';
import { openPolicy, type Principal } from '../kernel/principal';
import { KeyAuthenticator } from './key-authenticator';

/** No key of ours is longer; what is longer is not worth hashing. */
const longestKey = 512;
/** The head of every JWT: a ChatGPT login that was sent where our key belongs. */
const jwtHead = 'eyJ';

/** The one key of the operator. */
export class MasterKey {
  constructor(
    readonly secret: string,
    /** Where it was stored when we made it; undefined for a configured one. */
    readonly storedAt: string | undefined,
  ) {}
}

/** Knows the master key only. Digests are compared, in constant time, so that neither length nor prefix leaks. */
export class MasterKeyAuthenticator extends KeyAuthenticator {
  private readonly digest: Buffer;
  private readonly principal: Principal;
  /**
   * Keys that were found right, one at most. A map compares a key only with one of the same seeded hash, so a guess that
   * shares a prefix takes no longer than any other.
   */
  private readonly proven = new Map<string, Principal>();

  constructor(masterKey: MasterKey) {
    super();
    this.digest = hash('sha256', masterKey.secret, 'buffer');
    const keyHash = this.digest.toString('hex');
    const principal: Principal = {
      kind: 'master',
      role: 'proxy_admin',
      keyHash,
      keyAlias: 'master',
      policy: openPolicy,
      scopes: [{ kind: 'key', id: keyHash, limits: noLimits, mode: 'observe', name: 'master' }],
      modelScopes: new Map(),
    };
    this.principal = Object.freeze(principal);
  }

  authenticate(secret: string): Principal | undefined {
    if (secret.length > longestKey || secret.startsWith(jwtHead)) return undefined;
    const judged = this.judge(secret);
    return typeof judged === 'string' ? undefined : judged;
  }

  /** The holder when it is the master key, else the digest of the secret: SHA-256 in lower-case hex. */
  judge(secret: string): Principal | string {
    const proven = this.proven.get(secret);
    if (proven !== undefined) return proven;
    const digest = hash('sha256', secret, 'buffer');
    if (!timingSafeEqual(digest, this.digest)) return digest.toString('hex');
    this.proven.set(secret, this.principal);
    return this.principal;
  }
}
