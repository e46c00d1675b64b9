import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { HolderReader } from '../../keys/directory/holder-reader';
import { KeyAccess } from '../../keys/management/key-access';
import { EntityStore } from '../../state/entities/entity-store';

/** LiteLLM's and our names of the parameter that names a key. */
const keyParameters = ['api_key', 'hashed_token'];

/**
 * A key that was regenerated keeps its figures under its first digest, while whoever asks knows its present secret or the
 * digest of that: query parameters that name a key are made to name what its figures stand under. Others stay as they are.
 */
@Injectable()
export class KeyNames implements PipeTransform {
  private readonly access: KeyAccess;

  constructor(store: EntityStore, reader: HolderReader) {
    this.access = new KeyAccess({ store, reader });
  }

  /** @throws {StateUnavailable} */
  async transform(query: unknown, { type }: Pick<ArgumentMetadata, 'type'>): Promise<unknown> {
    if (type !== 'query' || typeof query !== 'object' || query === null) return query;
    const named = await Promise.all(Object.entries(query).map(([name, value]) => this.entry(name, value)));
    return Object.fromEntries(named);
  }

  private async entry(name: string, value: unknown): Promise<readonly [string, unknown]> {
    if (!keyParameters.includes(name) || typeof value !== 'string') return [name, value];
    const key = await this.access.find(value);
    return [name, key?.id ?? value];
  }
}
