import { type Accounts } from './accounts';
import { type Answer, type Asked } from './answer';
import { type InstructionsPolicy, type MissingVersionPolicy } from './ask-rules';
import { type Catalog } from './catalog';
import { type DeviceLogins } from './device-logins';
import { type Journal, type SeenRequest } from './journal';
import { type PromptFiles } from './prompt-host';
import { Script } from './script';

/** What tests may switch while the simulator runs; `reset()` brings back what `startSimulator` was told. */
export interface Switches {
  instructions: InstructionsPolicy;
  missingVersion: MissingVersionPolicy;
  /** Whether streams begin with `codex.rate_limits` and `codex.response.metadata`. */
  metadataFrames: boolean;
  /** The plain host answers 404 for `/responses`, as hosts do that only know chat completions. */
  openAiLacksResponses: boolean;
  /** The plain host answers 404 for `/responses/compact`. */
  openAiLacksCompact: boolean;
  /** Ciphertext bears its account's mark, and no other account can open it, as in production. */
  sealsByAccount: boolean;
}

/** One script for each route that can be told what to answer. */
export interface Scripts {
  readonly responses: Script;
  readonly compact: Script;
  readonly models: Script;
  readonly usage: Script;
  readonly accountsCheck: Script;
  readonly oauth: Script;
  readonly whoami: Script;
  readonly userCode: Script;
  readonly deviceToken: Script;
  readonly revoke: Script;
  readonly prompts: Script;
  readonly releases: Script;
  readonly openAi: Script;
}

/** Everything a route can look at. */
export interface World {
  readonly accounts: Accounts;
  readonly devices: DeviceLogins;
  readonly catalog: Catalog;
  readonly journal: Journal;
  readonly prompts: PromptFiles;
  readonly scripts: Scripts;
  readonly switches: Switches;
  readonly fixtures: string;
}

/** What a route decided about a request. */
export interface Routed {
  /** Undefined when the request was refused: refusals are never scripted over. */
  readonly script: Script | undefined;
  /** The route's own answer. May spend a token, so it is asked for once. */
  readonly usual: () => Answer;
  readonly asked: Asked;
  /** Whether the rate-limit headers of the Codex backend go with it. */
  readonly isCodex: boolean;
}

/** @returns an empty script for every route. */
export function emptyScripts(): Scripts {
  return {
    responses: new Script(),
    compact: new Script(),
    models: new Script(),
    usage: new Script(),
    accountsCheck: new Script(),
    oauth: new Script(),
    whoami: new Script(),
    userCode: new Script(),
    deviceToken: new Script(),
    revoke: new Script(),
    prompts: new Script(),
    releases: new Script(),
    openAi: new Script(),
  };
}

/** @returns the view of a request that answers may depend on. */
export function askedOf(world: World, seen: SeenRequest, part: Partial<Asked> = {}): Asked {
  return {
    host: 'codex',
    model: '',
    body: {},
    headers: seen.headers,
    metadataFrames: world.switches.metadataFrames,
    fixtures: world.fixtures,
    ...part,
  };
}
