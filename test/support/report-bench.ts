import { SettingsHolder } from '../../src/config/settings-holder';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { AppModule } from '../../src/app.module';
import { type Settings } from '../../src/config/settings';
import { SystemClock } from '../../src/config/system-clock';
import { createAdapter } from '../../src/http/fastify-adapter';
import { Lifecycle } from '../../src/http/lifecycle';
import { noLimits, type ScopeLimits } from '../../src/kernel/limits';
import { openPolicy, type Principal } from '../../src/kernel/principal';
import { KeyAuthenticator } from '../../src/keys/key-authenticator';
import { Bookkeeper } from '../../src/metering/bookkeeper';
import { Ledger } from '../../src/metering/ledger';
import { MemoryLedger, ScriptedBookkeeper } from './memory-books';

/** The doors to reports over a real socket, with books that a suite fills. */
export interface ReportBench {
  readonly url: string;
  readonly ledger: MemoryLedger;
  readonly books: ScriptedBookkeeper;
  /** Asks as the holder of a key (`admin`, `viewer`, `alice`, `bob`, `bot`). */
  readonly ask: (holder: Holder, path: string, init?: RequestInit) => Promise<Response>;
  readonly json: (holder: Holder, path: string, init?: RequestInit) => Promise<Record<string, unknown>>;
  readonly close: () => Promise<void>;
}

/** People of the suite: an admin, a viewer, two users of one team, and a key that belongs to nobody. */
export type Holder = 'admin' | 'viewer' | 'alice' | 'bob' | 'bot';

const holders: Readonly<Record<Holder, Principal>> = {
  admin: principal('hash-admin', { role: 'proxy_admin' }),
  viewer: principal('hash-viewer', { role: 'proxy_admin_viewer' }),
  alice: principal('hash-alice', { userId: 'alice', teamId: 'core', keyAlias: 'alice-laptop' }),
  bob: principal('hash-bob', { userId: 'bob', teamId: 'core' }),
  bot: principal('hash-bot', {}),
};

/** Holders by their key, `sk-<name>`. */
class Holders extends KeyAuthenticator {
  authenticate(secret: string): Principal | undefined {
    return Object.entries(holders).find(([name]) => secret === `sk-${name}`)?.[1];
  }
}

/** Builds the house with the doors to reports. Close it in `afterAll`. */
export async function startReportBench(settings: Settings): Promise<ReportBench> {
  const ledger = new MemoryLedger();
  const books = new ScriptedBookkeeper();

  const lifecycle = new Lifecycle();
  const house = AppModule.of({ settings: new SettingsHolder(settings), source: undefined, hooks: [], lifecycle });
  const built = await Test.createTestingModule({ imports: [house] })
    .overrideProvider(Ledger)
    .useValue(ledger)
    .overrideProvider(Bookkeeper)
    .useValue(books)
    .overrideProvider(KeyAuthenticator)
    .useValue(new Holders())
    .compile();
  const adapter = createAdapter(settings, { lifecycle, clock: new SystemClock() });
  const app = built.createNestApplication<NestFastifyApplication>(adapter, { bodyParser: false, logger: false });
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  const ask = (holder: Holder, path: string, init: RequestInit = {}): Promise<Response> => {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer sk-${holder}`);
    return fetch(`${url}${path}`, { ...init, headers });
  };
  return {
    url,
    ledger,
    books,
    ask,
    json: async (holder, path, init) => (await (await ask(holder, path, init)).json()) as Record<string, unknown>,
    close: async () => {
      // A client opens connections in advance, and one that never carried a request does not count as idle.
      app.getHttpServer().closeAllConnections();
      await app.close();
    },
  };
}

function principal(keyHash: string, changes: Partial<Principal>): Principal {
  const scopes: ScopeLimits[] = [{ kind: 'key', id: keyHash, limits: noLimits, mode: 'enforce' }];
  if (changes.teamId !== undefined) {
    scopes.push({ kind: 'team', id: changes.teamId, limits: noLimits, mode: 'enforce' });
  }
  scopes.push({
    kind: 'proxy',
    id: 'all',
    limits: { budgets: [{ unit: 'nano_usd', max: 90e9, anchorMs: 0 }] },
    mode: 'enforce',
  });
  return {
    kind: 'virtual',
    role: 'internal_user',
    keyHash,
    policy: openPolicy,
    scopes,
    modelScopes: new Map(),
    ...changes,
  };
}
