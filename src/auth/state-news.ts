import { type Settings } from '../config/settings';
import { type CredentialCommand, type CredentialReply } from '../state/credentials/credential-command';
import { CredentialStore } from '../state/credentials/credential-store';
import { type Sealer } from '../state/credentials/seal';
import { StateUnavailable } from '../state/state-unavailable';
import { type GatewayLogger } from '../telemetry/logger';

/** What a login needs to be renewed: the records of the logins, and the key that seals them. */
type Part = 'store' | 'key';

/** A trouble in words for the operator. */
interface Words {
  readonly message: string;
  readonly advice: string;
}

/** Tells the log once when the state of the logins cannot be used, since nothing is renewed then, and once when it can again. */
export class StateNews {
  private readonly ill = new Set<Part>();
  private isOver = false;

  constructor(
    private readonly logger: Pick<GatewayLogger, 'event'>,
    private readonly settings: Pick<Settings, 'redis' | 'stateDir'>,
  ) {}

  /** Whether no login can be renewed now, for want of the state. */
  get isUnavailable(): boolean {
    return this.ill.size > 0;
  }

  /** Does the work, and hears how it ended. @throws what the work throws. */
  async hear<T>(part: Part, work: () => Promise<T>): Promise<T> {
    try {
      const value = await work();
      this.well(part);
      return value;
    } catch (error) {
      if (error instanceof StateUnavailable && !this.isOver) this.failed(part, error);
      throw error;
    }
  }

  /** The state was given free: that nobody gets it any more is no news. */
  over(): void {
    this.isOver = true;
  }

  private well(part: Part): void {
    if (!this.ill.delete(part) || this.isUnavailable) return;
    this.logger.event('info', 'the state of the logins can be used again', {});
  }

  private failed(part: Part, error: StateUnavailable): void {
    const isKnown = this.ill.has(part);
    this.ill.add(part);
    // A folder that cannot be used has no key either: that is one trouble.
    if (isKnown || (part === 'key' && this.ill.has('store'))) return;
    const { redis, stateDir } = this.settings;
    const { message, advice } = part === 'key' ? keyWords : redis === undefined ? folderWords(error) : redisWords;
    const where = redis === undefined || part === 'key' ? { folder: stateDir } : {};
    const reason = error.replyCode ?? error.trouble;
    this.logger.event('error', message, { code: 'state_unavailable', reason, ...where, advice });
  }
}

/** The records of the logins, with somebody who listens to how its commands end. */
export class HeardCredentialStore extends CredentialStore {
  constructor(
    private readonly store: CredentialStore,
    private readonly news: StateNews,
  ) {
    super();
  }

  override run(command: CredentialCommand): Promise<CredentialReply> {
    return this.news.hear('store', () => this.store.run(command));
  }

  override announce(account: string): Promise<void> {
    return this.store.announce(account);
  }

  override onChange(listener: (account: string | undefined) => void): () => void {
    return this.store.onChange(listener);
  }

  override nowMs(): number {
    return this.store.nowMs();
  }

  override close(): Promise<void> {
    this.news.over();
    return this.store.close();
  }
}

/** The keyring, heard in the same way. */
export function heardKeyring(
  keyring: { readonly sealer: () => Promise<Sealer> },
  news: StateNews,
): { readonly sealer: () => Promise<Sealer> } {
  return { sealer: () => news.hear('key', () => keyring.sealer()) };
}

const keyWords: Words = {
  message: 'STATE_DIR holds no key that seals logins: no login is renewed',
  advice: 'Remove the file seal-key from it, or set GATEWAY_SALT_KEY.',
};
const redisWords: Words = {
  message: 'Redis cannot be used: no login is renewed',
  advice: 'Valid tokens are used to their end; it is tried again by itself.',
};

function folderWords({ trouble, replyCode }: StateUnavailable): Words {
  if (trouble === 'offline') {
    return {
      message: 'STATE_DIR belongs to another running gateway: no login is renewed and no key is looked up here',
      advice: 'Give each gateway a STATE_DIR and logins of its own, or let them share Redis (REDIS_URL).',
    };
  }
  return replyCode === undefined
    ? {
        message: 'The journal of logins in STATE_DIR cannot be read: no login is renewed',
        advice: 'Remove credentials.journal; the login files then count.',
      }
    : {
        message: 'STATE_DIR cannot be written: no login is renewed',
        advice: 'Name a folder that the user of the gateway may write, on a disk with room.',
      };
}
