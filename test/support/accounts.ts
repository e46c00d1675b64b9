import { type SeenRequest } from '../simulator/journal';
import { type Reply } from '../simulator/answer';
import { type Simulator } from '../simulator/simulator';
import { post, send } from './calls';
import { type BenchOptions, startBench, type TestBench } from './gateway';

/** One cooldown as `GET /account/list` tells it. */
export interface ListedCooldown {
  readonly scope: string;
  readonly kind: string;
  readonly reason: string;
  readonly since: string;
  readonly until: string;
}

/** One account as `GET /account/list` tells it, as far as routing is concerned. */
export interface ListedAccount {
  readonly name: string;
  readonly routing: {
    readonly in_flight: number;
    readonly plan: string | null;
    readonly windows: readonly { readonly window: string; readonly used_percent: number; readonly source: string }[];
    readonly credits: { readonly has_credits: boolean } | null;
    readonly cooldowns: readonly ListedCooldown[];
    readonly quarantine_reason: string | null;
  };
}

/** How the accounts of one group differ. */
export interface GroupMember {
  readonly account: string;
  /** Further keys of `litellm_params`, as YAML flow. */
  readonly params?: string;
}

/** A `config.yaml` with one group `team` over these accounts, each a deployment with the account's name as its id. */
export function teamConfig(members: readonly GroupMember[], rest = ''): string {
  const names = [...new Set(members.map(({ account }) => account))];
  const credentials = names.map(
    (name) => `  - { credential_name: ${name}, credential_values: { auth_file: ${name}.json } }`,
  );
  const deployments = members.map(
    ({ account, params = '' }) =>
      `  - { model_name: team, litellm_params: { model: codex/gpt-5.5, litellm_credential_name: ${account}${params === '' ? '' : `, ${params}`} }, model_info: { id: ${account} } }`,
  );
  return `credential_list:\n${credentials.join('\n')}\nmodel_list:\n${deployments.join('\n')}\n${rest}`;
}

/** A gateway over several accounts of one simulator. */
export class AccountsBench {
  private constructor(readonly bench: TestBench) {}

  static async start(
    members: readonly GroupMember[],
    options: BenchOptions & { readonly rest?: string } = {},
  ): Promise<AccountsBench> {
    const { rest = '', config, ...others } = options;
    const accounts = [...new Set(members.map(({ account }) => account))];
    const bench = await startBench({ ...others, accounts, config: config ?? teamConfig(members, rest) });
    return new AccountsBench(bench);
  }

  get simulator(): Simulator {
    return this.bench.simulator;
  }

  close(): Promise<void> {
    return this.bench.close();
  }

  /** Whether a request came with the login of this account. */
  isOf(account: string): (seen: SeenRequest) => boolean {
    const accountId = this.bench.logins.get(account)?.accountId;
    return ({ headers }) => accountId !== undefined && headers['chatgpt-account-id'] === accountId;
  }

  /** What this account answers to every question. */
  answers(account: string, reply: Reply): void {
    this.simulator.script.when(this.isOf(account), reply);
  }

  /** Questions that each account got, in order, since `from` requests were seen; names of accounts. */
  askedSince(from: number): readonly string[] {
    const names = [...this.bench.logins.keys()];
    return this.simulator.seen
      .slice(from)
      .filter(({ method, path }) => method === 'POST' && /\/responses(\/compact)?$/.test(path))
      .map((seen) => names.find((name) => this.isOf(name)(seen)) ?? 'another');
  }

  async accounts(): Promise<ReadonlyMap<string, ListedAccount>> {
    const { json } = await send(this.bench, '/account/list');
    return new Map((json as { accounts: readonly ListedAccount[] }).accounts.map((each) => [each.name, each]));
  }

  /** Everything that rests: scope, kind and whole seconds; the longest only about, since some faults are much older than their tests. */
  async resting(): Promise<readonly { readonly scope: string; readonly kind: string; readonly seconds: number }[]> {
    const all = [...(await this.accounts()).values()].flatMap(({ routing }) => routing.cooldowns);
    const unique = [...new Map(all.map((each) => [each.scope, each])).values()];
    return unique.map(({ scope, kind, since, until }) => ({
      scope,
      kind,
      seconds: rounded((Date.parse(until) - Date.parse(since)) / 1_000),
    }));
  }

  /** Lets everything be used again, and forgets what was scripted. */
  async rested(): Promise<void> {
    this.simulator.script.clear();
    this.simulator.release();
    await post(this.bench, '/account/clear_cooldown', {});
  }
}

function rounded(seconds: number): number {
  if (seconds > 10_000) return Math.round(seconds / 1_000) * 1_000;
  return seconds > 1_000 ? Math.round(seconds / 100) * 100 : Math.round(seconds);
}
