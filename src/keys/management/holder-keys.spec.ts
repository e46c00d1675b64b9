import { refusalOf } from '../../../test/support/key-world';
import { type EntityStore } from '../../state/entities/entity-store';
import { keysOfHolder } from './holder-keys';

const full: Pick<EntityStore, 'page'> = { page: () => Promise.resolve({ entities: [], total: 1_001 }) };

it('keys that are too many to go with their holder at once are refused with the way out', async () => {
  const refusal = await refusalOf(keysOfHolder(full, { user_id: 'ann' }, 'user'));
  expect(refusal).toMatchObject({ status: 409, code: 'too_many_keys' });
  expect(refusal.message).toBe(
    'The user has 1001 keys, more than are deleted in one go. Delete keys with POST /key/delete first.',
  );
});
