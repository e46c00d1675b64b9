import { GatewayError } from '../../kernel/errors';
import { type EntityStore } from '../../state/entities/entity-store';
import { type Stored, stored } from '../rows/rows';
import { listOf } from './key-rows';

const mostKeys = 1_000;

/** Keys that go in one commit with their holder. */
export interface HolderKeys {
  readonly keys: readonly Stored<'key'>[];
  /** For the removal of the holder: it fails when a key was made meanwhile. */
  readonly seen: { readonly kind: 'key'; readonly list: string; readonly length: number };
}

/**
 * All keys of a team, of a user, or of a user in a team.
 *
 * @param who how a refusal calls the holder.
 * @throws {GatewayError} 409 when they are too many for one commit.
 */
export async function keysOfHolder(
  store: Pick<EntityStore, 'page'>,
  holder: { readonly team_id?: string; readonly user_id?: string },
  who: string,
): Promise<HolderKeys> {
  const list = listOf(holder);
  const { entities, total } = await store.page('key', { list, order: 'oldest', offset: 0, limit: mostKeys });
  if (total > mostKeys) throw tooManyKeys(who, total);
  return {
    keys: entities.map((entity) => stored('key', entity)),
    seen: { kind: 'key', list, length: entities.length },
  };
}

function tooManyKeys(who: string, total: number): GatewayError {
  return new GatewayError({
    status: 409,
    type: 'conflict_error',
    code: 'too_many_keys',
    message: `The ${who} has ${total} keys, more than are deleted in one go. Delete keys with POST /key/delete first.`,
    shouldRetry: false,
  });
}
