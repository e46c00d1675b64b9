import { z } from 'zod';
import { type Settings } from '../config/settings';
import { SystemClock } from '../config/system-clock';
import { GatewayError } from '../kernel/errors';
import { openPolicy } from '../kernel/principal';
import { readRules } from '../keys/key-rules';
import { type Actor } from '../keys/management/actor';
import { type ImportReport, type LiteLlmDump } from '../keys/management/litellm-import';
import { Management } from '../keys/management/management';
import { keyView, nothingSpent } from '../keys/management/views';
import { type Stored } from '../keys/rows/rows';
import { auditLogFor } from '../state/audit/audit.module';
import { entityStoreFor } from '../state/entities/entities.module';
import { commandLink } from './command-link';
import { StateUnavailable } from '../state/state-unavailable';
import { askGateway, type GatewayAddress } from './gateway-call';
import { CommandRefused } from './login-words';

const word = z.string().nullish();
const amount = z.number().nullish();
/** A key as both ways of asking show it. */
const shownKey = z.looseObject({
  token: z.string(),
  key_name: word,
  key_alias: word,
  team_id: word,
  user_id: word,
  blocked: z.boolean().nullish(),
  spend: amount,
  max_budget: amount,
  budget_duration: word,
  expires: word,
});
const madeKey = shownKey.extend({ key: z.string() });
const pageSchema = z.object({ keys: z.array(shownKey), total_pages: z.number() });
const row = z.object({ kind: z.string(), id: z.string() });
const reportSchema = z.object({
  taken: z.object({ budgets: z.number(), teams: z.number(), users: z.number(), keys: z.number() }),
  skipped: z.array(row.extend({ why: z.string() })),
  notes: z.array(row.extend({ note: z.string() })),
});

/** A key as both ways of asking show it. */
export type ShownKey = z.infer<typeof shownKey>;

/** What the command line does with keys: on the state itself, or at a running gateway. */
export interface KeyDoor {
  create(body: unknown): Promise<z.infer<typeof madeKey>>;
  /** All keys, newest first. */
  list(filter: { readonly team: string | undefined; readonly user: string | undefined }): Promise<readonly ShownKey[]>;
  block(key: string, blocked: boolean): Promise<ShownKey>;
  take(dump: LiteLlmDump): Promise<ImportReport>;
  close(): Promise<void>;
}

/** A person at the host may do everything that the master key may. */
const commandActor: Actor = {
  via: 'command',
  principal: {
    kind: 'master',
    role: 'proxy_admin',
    keyHash: '',
    policy: openPolicy,
    scopes: [],
    modelScopes: new Map(),
  },
};

const pageSize = 500;
/** Rows in one request. */
const rowsAtOnce = 200;

/** The state of the settings, or the gateway at `url`. */
export function keyDoor(
  settings: Settings,
  { url, key }: { readonly url: string | undefined; readonly key: string | undefined },
): Promise<KeyDoor> {
  return url === undefined ? localDoor(settings) : Promise.resolve(remoteDoor(settings, { url, key }));
}

async function localDoor(settings: Settings): Promise<KeyDoor> {
  const clock = new SystemClock();
  const link = settings.redis === undefined ? undefined : commandLink(settings.redis, settings, clock);
  await link?.open();
  const store = entityStoreFor(settings, clock, link);
  const audit = auditLogFor(settings, link);
  const management = new Management(store, audit, readRules(settings.keys, settings.keyPlaces));
  const view = (each: Stored<'key'>): ShownKey => shownKey.parse(keyView(each, nothingSpent));
  // The books belong to running gateways: a 0 here would be a lie.
  const shown = (each: Stored<'key'>): ShownKey => ({ ...view(each), spend: null, total_spend: null });
  return {
    async create(body) {
      const { secret, key } = await plainly(management.minting.generate(commandActor, body));
      return { ...view(key), key: secret };
    },
    async list({ team, user }) {
      const filter = {
        includeTeamKeys: false,
        order: 'desc',
        ...(team === undefined ? {} : { teamId: team }),
        ...(user === undefined ? {} : { userId: user }),
      } as const;
      return everyPage(async (page) => {
        const { keys, total } = await plainly(
          management.search.find(commandActor, { ...filter, page, size: pageSize }),
        );
        return { keys: keys.map(shown), total_pages: Math.ceil(total / pageSize) };
      });
    },
    block: async (key, blocked) => shown(await plainly(management.changes.block(commandActor, { key }, blocked))),
    take: (dump) => plainly(management.imports.run(commandActor, dump, undefined)),
    async close() {
      await store.close();
      await audit.close();
      await link?.close();
    },
  };
}

function remoteDoor(settings: Settings, address: GatewayAddress): KeyDoor {
  const call = async <T>(schema: z.ZodType<T>, method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> => {
    const read = schema.safeParse(await askGateway(settings, address, { method, path, body }));
    if (!read.success) throw new CommandRefused('That address does not answer like a Codex Gateway.');
    return read.data;
  };
  return {
    create: (body) => call(madeKey, 'POST', '/key/generate', body),
    list: ({ team, user }) =>
      everyPage((page) => {
        const query = new URLSearchParams({ page: String(page), size: String(pageSize), return_full_object: 'true' });
        if (team !== undefined) query.set('team_id', team);
        if (user !== undefined) query.set('user_id', user);
        return call(pageSchema, 'GET', `/key/list?${query.toString()}`);
      }),
    block: (key, blocked) => call(shownKey, 'POST', blocked ? '/key/block' : '/key/unblock', { key }),
    take: (dump) => inParts(dump, (part) => call(reportSchema, 'POST', '/import/litellm', part)),
    close: () => Promise.resolve(),
  };
}

async function everyPage(read: (page: number) => Promise<z.infer<typeof pageSchema>>): Promise<readonly ShownKey[]> {
  const all: ShownKey[] = [];
  for (let page = 1, pages = 1; page <= pages; page += 1) {
    const { keys, total_pages } = await read(page);
    all.push(...keys);
    pages = total_pages;
  }
  return all;
}

/** In this order, so that what is pointed to is there first. */
const kindsInOrder = ['budgets', 'teams', 'users', 'keys'] as const;
/** The columns by which rows point to others. */
const pointers = [
  ['budgets', 'budget_id'],
  ['teams', 'team_id'],
  ['users', 'user_id'],
] as const;

/** A dump in requests of a size that every gateway takes, and one report of all. */
async function inParts(dump: LiteLlmDump, take: (part: LiteLlmDump) => Promise<ImportReport>): Promise<ImportReport> {
  const none: LiteLlmDump = { budgets: [], teams: [], users: [], keys: [] };
  const taken = { budgets: 0, teams: 0, users: 0, keys: 0 };
  const skipped: ImportReport['skipped'][number][] = [];
  const notes: ImportReport['notes'][number][] = [];
  for (const kind of kindsInOrder) {
    for (let at = 0; at < dump[kind].length; at += rowsAtOnce) {
      const rows = dump[kind].slice(at, at + rowsAtOnce);
      const report = await take({ ...none, ...skippedHolders(dump, rows, skipped), [kind]: rows });
      for (const each of kindsInOrder) taken[each] += report.taken[each];
      // Of holders that were sent before, it was said then.
      skipped.push(...report.skipped.filter((each) => each.kind === kind));
      notes.push(...report.notes);
    }
  }
  return { taken, skipped, notes };
}

/**
 * What rows point to and was skipped before goes along once more: a gateway that does not know of it would take it for
 * missing in the dump, and make a team without limits for its keys.
 */
function skippedHolders(
  dump: LiteLlmDump,
  rows: LiteLlmDump['keys'],
  skipped: ImportReport['skipped'],
): Partial<LiteLlmDump> {
  const isSkipped = new Set(skipped.map(({ kind, id }) => `${kind} ${id}`));
  const holders = pointers.map(([kind, column]) => {
    const named = new Set(rows.map((row) => row[column]));
    const found = dump[kind].filter(
      ({ [column]: id }) => typeof id === 'string' && named.has(id) && isSkipped.has(`${kind} ${id}`),
    );
    return [kind, found] as const;
  });
  return Object.fromEntries(holders);
}

/** Refusals are for the person; a state that is away says that a running gateway may have it. */
async function plainly<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof StateUnavailable)
      throw new CommandRefused(
        'The state cannot be used: Redis is away, or a running gateway has it. Ask that gateway with --url.',
        { cause: error },
      );
    if (error instanceof GatewayError) throw new CommandRefused(error.message, { cause: error });
    throw error;
  }
}
