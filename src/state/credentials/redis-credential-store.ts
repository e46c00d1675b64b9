import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type RedisLink, type RedisScript } from '../redis/redis-link';
import { StateUnavailable } from '../state-unavailable';
import { type CredentialCommand, type CredentialReply, type ReplyKind } from './credential-command';
import { CredentialStore } from './credential-store';
import { recordSchema } from './record-schema';

/** One hash tag for all keys of one script, so that Redis Cluster keeps them together. */
const tag = '{cred}';
const channel = 'credentials:changed';

const replyKinds = [
  'adopted', 'same', 'spent', 'older', 'moved', 'granted', 'newer', 'behind', 'quarantined', 'exhausted', 'backing_off',
  'busy', 'lane_busy', 'uncertain', 'recorded', 'lost', 'stored', 'noted', 'released', 'resealed', 'forgotten', 'record',
] as const satisfies readonly ReplyKind[]; // prettier-ignore
const replySchema = z.tuple([z.enum(replyKinds), z.coerce.number().int()], z.string());

/** The record of every login in Redis, shared by all replicas. */
export class RedisCredentialStore extends CredentialStore {
  private readonly script: RedisScript;

  constructor(private readonly link: Pick<RedisLink, 'script' | 'nowMs' | 'publish' | 'subscribe'>) {
    super();
    const lua = readFileSync(join(__dirname, 'lua', 'credential-command.lua'), 'utf8');
    this.script = link.script('credential-command', lua, 2);
  }

  override async run(command: CredentialCommand): Promise<CredentialReply> {
    const { name, account, lane, ...fields } = command;
    const keys = [`${tag}:account:${account}`, `${tag}:lane:${lane}`];
    return replyOf(await this.script(keys, [this.link.nowMs(), name, ...Object.entries(fields).flat()]));
  }

  override async announce(account: string): Promise<void> {
    try {
      await this.link.publish(channel, account);
    } catch (error) {
      // Who missed it finds the change at the next look.
      if (!(error instanceof StateUnavailable)) throw error;
    }
  }

  override onChange(listener: (account: string | undefined) => void): () => void {
    return this.link.subscribe(channel, listener, () => {
      listener(undefined);
    });
  }

  override nowMs(): number {
    return this.link.nowMs();
  }

  /** The link belongs to whoever opened it. */
  override close(): Promise<void> {
    return Promise.resolve();
  }
}

function replyOf(reply: unknown): CredentialReply {
  const [kind, untilMs, ...flat] = replySchema.parse(reply);
  const fields: Record<string, string> = {};
  flat.forEach((value, at) => {
    const field = flat[at - 1];
    if (at % 2 === 1 && field !== undefined) fields[field] = value;
  });
  return { kind, untilMs, record: recordSchema.parse(fields) };
}
