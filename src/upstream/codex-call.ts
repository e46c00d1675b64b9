import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../config/config.module';
import { type Deployment } from '../config/deployment';
import { type Settings } from '../config/settings';
import { type ResolvedModel } from '../models/catalog-entry';
import { ModelCatalog } from '../models/model-catalog';
import { Instructions } from '../prompts/instructions';
import { codexBody } from '../protocol/codex/codex-body';
import { type CodexPlan } from '../protocol/codex/codex-plan';
import { encodeWire } from '../protocol/wire/wire-text';
import { newerVersion } from './client-version';
import { canonicalHeaders, type CodexIdentity, nativeHeaders, withAccount } from './codex-headers';
import { codexIdentity } from './codex-identity';
import { withDefaults } from './deployment-defaults';
import { nativeBody } from './native-body';
import { type PreparedCall } from './prepared-call';
import { type CanonicalCall, type NativeRequest } from './upstream';
import { writtenBody } from './written-body';

/** Prompts whose wire text is remembered; an account has a dozen models. */
const rememberedPrompts = 64;

/** Makes calls for the Codex backend. */
@Injectable()
export class CodexCalls {
  private readonly identity: CodexIdentity;
  private readonly encoded = new Map<string, string>();

  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    private readonly catalog: ModelCatalog,
    private readonly instructions: Instructions,
  ) {
    this.identity = codexIdentity(settings);
  }

  /** A request in the inner language; its body is made and written once. @throws {GatewayError} 400 for what Codex cannot serve. */
  async canonical(deployment: Deployment, call: CanonicalCall): Promise<PreparedCall> {
    const model = await this.catalog.resolve(deployment.upstreamModel, deployment);
    const instructions = await this.instructions.officialFor(model.slug, model.entry?.instructions);
    const request = withDefaults(call, deployment);
    const officialMode = deployment.codexMode ?? this.settings.codex.mode;
    const plan = planFor(model, {
      instructions: call.isWire ? this.wireInstructions(instructions) : instructions,
      officialMode,
      fromCodexCli: call.fromCodexCli,
      isWire: call.isWire,
    });
    const { body, dropped } = codexBody(request, plan);
    const headers = canonicalHeaders(this.identity, model.profile, request.prompt_cache_key);
    return {
      model,
      url: `${deployment.apiBase}/responses`,
      body: writtenBody(body, call.isWire),
      headersFor: (token) => withAccount(headers, token),
      droppedParams: dropped,
      instructions: officialMode ? instructions : undefined,
    };
  }

  /** Prompts are long and few: each is encoded once. */
  private wireInstructions(text: string): string {
    const known = this.encoded.get(text);
    if (known !== undefined) return known;
    if (this.encoded.size >= rememberedPrompts) this.encoded.clear();
    const wire = encodeWire(text);
    this.encoded.set(text, wire);
    return wire;
  }

  /** A CLI's own request, to `responses` or `responses/compact`. Its bytes stay, but for a model that has another name upstream. */
  async native(deployment: Deployment, call: NativeRequest, path: NativePath): Promise<PreparedCall> {
    const model = await this.catalog.resolve(deployment.upstreamModel, deployment);
    const accept = path === 'responses' ? 'text/event-stream' : 'application/json';
    const { identity } = this;
    const headers = nativeHeaders(identity, call.headers, accept);
    // The CLI never chose a model that we put in another's place: it must not be refused as too old for it.
    if (model.slug !== call.model) headers['version'] = newerVersion(headers['version'], identity.clientVersion);
    return {
      model,
      url: `${deployment.apiBase}/${path}`,
      body: nativeBody(call, model.slug),
      headersFor: (token) => withAccount(headers, token),
      droppedParams: [],
      instructions: undefined,
    };
  }
}

/** Where a CLI's own request goes, below the deployment's base URL. */
export type NativePath = 'responses' | 'responses/compact';

type KnownOfModel = Pick<
  CodexPlan,
  'supportsVerbosity' | 'supportsParallelToolCalls' | 'efforts' | 'ultraEffort' | 'serviceTiers'
>;

/** Without a catalog entry nothing is known of a model: what cannot hurt is sent, verbosity and tiers are not. */
const nothingKnown: KnownOfModel = {
  supportsVerbosity: false,
  supportsParallelToolCalls: true,
  efforts: [],
  ultraEffort: 'xhigh',
  serviceTiers: [],
};

function planFor(
  { slug, profile, effort, entry }: ResolvedModel,
  around: Pick<CodexPlan, 'instructions' | 'officialMode' | 'fromCodexCli'> & { readonly isWire: boolean },
): CodexPlan {
  const { supportsVerbosity, supportsParallelToolCalls, efforts, ultraEffort, serviceTiers } = entry ?? nothingKnown;
  return {
    instructions: around.instructions,
    officialMode: around.officialMode,
    fromCodexCli: around.fromCodexCli,
    slug: around.isWire ? encodeWire(slug) : slug,
    profile,
    effort,
    supportsVerbosity,
    supportsParallelToolCalls,
    efforts,
    ultraEffort,
    serviceTiers,
  };
}
