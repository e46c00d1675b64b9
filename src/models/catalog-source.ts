import { type Deployment } from '../config/deployment';
import { type JsonObject } from '../protocol/canonical/canonical-request';

/** What an account answered. */
export interface FetchedCatalog {
  readonly models: readonly JsonObject[];
  readonly etag: string | undefined;
}

/** Port of `models`, bound on the upstream floor: asks an account for its catalog. */
export abstract class CatalogSource {
  /**
   * @returns `undefined` when upstream says the given ETag is still current.
   * @throws {UpstreamFailure}
   */
  abstract fetch(
    target: Pick<Deployment, 'apiBase' | 'credential'>,
    etag?: string,
  ): Promise<FetchedCatalog | undefined>;
}
