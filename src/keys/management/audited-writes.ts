import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { GatewayError, invalidRequest } from '../../kernel/errors';
import { personOf } from '../../kernel/principal';
import { type AuditLog } from '../../state/audit/audit-log';
import { type AuditRecord } from '../../state/audit/audit-record';
import { type Change, type EntityRef } from '../../state/entities/entity';
import { type EntityStore } from '../../state/entities/entity-store';
import { type Actor } from './actor';
import { differing, shortened, withoutSecrets } from './audit-view';

/** What an actor is about to do. `before` and `after` are rows; what is secret or personal is taken out of them. */
export interface AdminAct {
  readonly actor: Actor;
  /** For example `key.update`. */
  readonly action: string;
  readonly objects: readonly EntityRef[];
  readonly before?: unknown;
  readonly after?: unknown;
}

/** Somebody else changed a document between reading and writing; nothing happened. */
export class ChangedMeanwhile extends GatewayError {
  constructor() {
    super({
      status: 409,
      type: 'conflict_error',
      code: 'changed_meanwhile',
      message: 'Somebody else changed this at the same time. Look at it again and repeat the change.',
    });
  }
}

const mostTries = 15;
const firstPauseMs = 5;
const mostPauseMs = 250;
/** Characters of a document; a team's members come on top. */
const mostText = 65_536;

/** Every document is read whole at every look. @throws {GatewayError} 400 that names the largest field and the limit. */
function assertSmall(change: Change): void {
  if (change.op !== 'put' || change.body.length <= mostText) return;
  const row = Object.entries(JSON.parse(change.body) as Readonly<Record<string, unknown>>).filter(
    ([name]) => name !== 'members_with_roles',
  );
  const sizes = row.map(([name, value]): [string, number] => [name, JSON.stringify(value).length]);
  if (sizes.reduce((sum, [, size]) => sum + size, 0) <= mostText) return;
  const [largest = ''] = sizes.sort((a, b) => b[1] - a[1])[0] ?? [];
  throw invalidRequest(
    `A ${change.kind} has at most ${mostText} characters of JSON in all, and '${largest}' has the most of them: shorten it.`,
    largest,
  );
}

/** The only way in which documents are changed by people: written down first, then done. */
export class AuditedWrites {
  constructor(
    private readonly store: EntityStore,
    private readonly audit: AuditLog,
  ) {}

  /**
   * Writes the record, then does it.
   *
   * @throws {ChangedMeanwhile} when a document moved. {GatewayError} 400 when a name is taken. {StateUnavailable}: without
   * a record nothing was done; with `mayHaveHappened` it may have been.
   */
  async commit(act: AdminAct, changes: readonly Change[]): Promise<void> {
    // What is too large already can be switched off and deleted still.
    if (/(create|update|regenerate|add)$/.test(act.action)) for (const change of changes) assertSmall(change);
    await this.perform(act, async () => {
      const reply = await this.store.commit(changes);
      if (reply.kind === 'moved') throw new ChangedMeanwhile();
      if (reply.kind === 'name_taken') throw nameTaken(reply.name);
    });
  }

  /** The same for an action that is no change of documents. @throws whatever `work` throws. */
  async perform<T>(act: AdminAct, work: () => Promise<T>): Promise<T> {
    const record = this.recordOf(act);
    await this.audit.append(record);
    try {
      return await work();
    } catch (error) {
      const reason = error instanceof GatewayError ? error.code : 'failed';
      const failed: AuditRecord = {
        ...record,
        id: randomUUID(),
        atMs: this.store.nowMs(),
        outcome: 'failed',
        of: record.id,
        reason,
      };
      // The first record stands either way; that it was in vain is told if it can be.
      await this.audit.append(failed).catch(() => undefined);
      throw error;
    }
  }

  private recordOf({ actor, action, objects, before, after }: AdminAct): AuditRecord {
    const { principal, via, clientIp, requestId } = actor;
    const person = personOf(principal);
    const who = via === 'command' ? 'command' : principal.kind === 'master' ? 'master' : `key:${principal.keyHash}`;
    return {
      id: randomUUID(),
      atMs: this.store.nowMs(),
      actor: who,
      ...(principal.kind === 'master' || principal.keyAlias === undefined ? {} : { actorAlias: principal.keyAlias }),
      ...(person === undefined ? {} : { actorUserId: person }),
      ...(clientIp === undefined ? {} : { clientIp }),
      ...(requestId === undefined ? {} : { requestId }),
      action,
      objects: objects.map(({ kind, id }) => `${kind}:${id}`),
      before: shortened(withoutSecrets(differing(before, after))),
      after: shortened(withoutSecrets(differing(after, before))),
      outcome: 'begun',
    };
  }
}

/**
 * Reads and writes again when somebody else was quicker, after a pause of another length for each who waits: those who go
 * on in step would meet again. @throws what `work` throws, {ChangedMeanwhile} after so many tries, within a few seconds.
 */
export async function retrying<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ChangedMeanwhile) || tries >= mostTries) throw error;
      await pause(Math.random() * Math.min(mostPauseMs, firstPauseMs * 2 ** tries));
    }
  }
}

const fieldOfName: ReadonlyMap<string, string> = new Map([
  ['alias', 'key_alias'],
  ['secret', 'key'],
  ['email', 'user_email'],
  ['team-alias', 'team_alias'],
]);

/** Never repeats the name: it may be the digest of somebody's key. */
function nameTaken(name: string): GatewayError {
  const field = fieldOfName.get(name.slice(0, name.indexOf(':'))) ?? 'id';
  const isSecret = field === 'key';
  return invalidRequest(
    isSecret
      ? "'key' cannot be used: choose another value, or leave it out to get a new one."
      : `'${field}' must be unique, and another one has it.`,
    field,
    'already_exists',
  );
}
