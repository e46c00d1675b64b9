import { Clock } from '../../src/kernel/clock';
import { UpstreamFailure } from '../../src/kernel/upstream-failure';
import { CatalogReader } from '../../src/models/catalog-reader';
import { CatalogSource, type FetchedCatalog } from '../../src/models/catalog-source';
import { ModelCatalog } from '../../src/models/model-catalog';
import { SharedCatalogs } from '../../src/models/shared-catalogs';
import { type JsonObject } from '../../src/protocol/canonical/canonical-request';
import { type SharedCache } from '../../src/state/shared-cache';
import { settingsFor, type SettingsChanges } from './settings-for';

/** A clock that stands still until it is moved. */
export class StillClock extends Clock {
  ms = 0;
  override nowMs(): number {
    return this.ms;
  }
  override monotonicMs(): number {
    return this.ms;
  }
}

type Reply = FetchedCatalog | undefined | Error | Promise<FetchedCatalog | undefined>;

/** An account that answers from a list; the last answer stays. */
export class ScriptedSource extends CatalogSource {
  /** The ETag that each question brought. */
  readonly etags: (string | undefined)[] = [];
  replies: Reply[] = [];
  override async fetch(_: unknown, etag?: string): Promise<FetchedCatalog | undefined> {
    this.etags.push(etag);
    const reply = this.replies.length > 1 ? this.replies.shift() : this.replies[0];
    if (reply instanceof Error) throw reply;
    return reply;
  }
}

/** What a source says when nobody is there. */
export const away = new UpstreamFailure({ kind: 'network', message: 'The upstream could not be reached.' });

/** A catalog of these slugs; `hidden…` is not listed, `…lite…` takes the lite profile. */
export function listing(...slugs: string[]): FetchedCatalog {
  const models: JsonObject[] = slugs.map((slug, index) => ({
    slug,
    priority: index,
    visibility: slug.startsWith('hidden') ? 'hide' : 'list',
    use_responses_lite: slug.includes('lite'),
  }));
  return { models, etag: `"${slugs.join()}"` };
}

/** A reply that comes when it is called for. */
export function laterReply(): {
  readonly reply: Promise<FetchedCatalog | undefined>;
  readonly come: (catalog?: FetchedCatalog) => void;
} {
  let come: (catalog: FetchedCatalog | undefined) => void = () => undefined;
  const reply = new Promise<FetchedCatalog | undefined>((resolve) => (come = resolve));
  return {
    reply,
    come: (catalog) => {
      come(catalog);
    },
  };
}

/** One replica's catalogs. */
export function replicaOf(
  { source, clock }: { readonly source: CatalogSource; readonly clock: Clock },
  shared?: SharedCache,
  changes?: SettingsChanges,
): ModelCatalog {
  const settings = settingsFor('http://127.0.0.1:1', changes);
  return new ModelCatalog(new CatalogReader(settings, source, new SharedCatalogs(settings, shared), clock), clock);
}

/** Lets everything go on that waits for no clock and no socket. */
export async function settled(): Promise<void> {
  for (let turns = 0; turns < 10; turns += 1) await new Promise((resolve) => setImmediate(resolve));
}
