import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../config/config.module';
import { type Deployment } from '../config/deployment';
import { type Settings } from '../config/settings';
import { type ResolvedModel } from '../models/catalog-entry';
import { isTooOld } from '../models/client-versions';
import { Clock } from '../kernel/clock';
import { memoized } from '../kernel/memo';
import { noSpan, type Span } from '../kernel/tracing';
import { ModelCatalog } from '../models/model-catalog';
import { codexModeOf } from '../prompts/codex-mode';
import { Instructions } from '../prompts/instructions';
import { type CanonicalRequest } from '../protocol/canonical/canonical-request';
import { codexBody, leaveToCompaction } from '../protocol/codex/codex-body';
import { refusedByCodex, refusedOf } from '../protocol/codex/codex-limits';
import { type CodexPlan } from '../protocol/codex/codex-plan';
import { needsOfficialPrompt } from '../protocol/codex/codex-prompt';
import { type MappingOptions } from '../protocol/mapping-options';
import { responsesToCanonical } from '../protocol/responses/responses-to-canonical';
import { encodeWire } from '../protocol/wire/wire-text';
import { newerVersion } from './client-version';
import { canonicalHeaders, type CodexIdentity, liteHeader, nativeHeaders, withAccount } from './codex-headers';
import { codexIdentity } from './codex-identity';
import { withDefaults } from './deployment-defaults';
import { jsonOf } from './json-answer';
import { nativeBody } from './native-body';
import { waited } from './waited';
import { type PreparedCall } from './prepared-call';
import { type CanonicalCall, type NativeRequest } from './upstream';
import { writtenAround, writtenBody } from './written-body';

/** Prompts whose wire text and JSON are remembered; an account has a dozen models. */
const rememberedPrompts = 64;

/** Makes calls for the Codex backend. */
@Injectable()
export class CodexCalls {
  private readonly identity: CodexIdentity;
  private readonly mapping: MappingOptions;
  /** Prompts are long and few, and the longest part of a small request: each is encoded once. */
  private readonly wireInstructions = memoized(rememberedPrompts, encodeWire);
  private readonly literalOf = memoized(rememberedPrompts, (text: string) => JSON.stringify(text));

  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    private readonly catalog: ModelCatalog,
    private readonly instructions: Instructions,
    private readonly clock: Clock,
  ) {
    this.identity = codexIdentity(settings);
    this.mapping = {
      dropParams: true,
      maxImageBytes: settings.limits.maxImageBytes,
      alwaysIncludeStreamUsage: false,
      hash: (text) => createHash('sha256').update(text).digest('hex'),
    };
  }

  /**
   * A request in the inner language; its body is made and written once.
   *
   * @throws {GatewayError} 400 for what Codex cannot serve, and with `drop_params: false` for what it would go without.
   */
  canonical(deployment: Deployment, call: CanonicalCall, span: Span = noSpan): Promise<PreparedCall> {
    return this.written(deployment, call, span, { path: 'responses', dropsParams: this.settings.dropParams });
  }

  private async written(
    deployment: Deployment,
    call: CanonicalCall,
    span: Span,
    { path, dropsParams }: Sending,
  ): Promise<PreparedCall> {
    const model = await this.catalog.resolve(deployment.upstreamModel, deployment);
    const request = withDefaults(call, deployment);
    const ceiling = call.effortCeiling;
    const { fromCodexCli, isWire } = call;
    const officialMode = codexModeOf({
      key: call.codexMode,
      deployment: deployment.codexMode,
      process: this.settings.codex.mode,
    });
    const official = needsOfficialPrompt(request, { officialMode, fromCodexCli })
      ? (
          await waited(this.instructions.officialFor(model.slug, model.entry?.instructions), {
            span,
            name: 'instruction_fetch',
            clock: this.clock,
          })
        ).text
      : undefined;
    const instructions = isWire ? this.wireInstructions(official ?? '') : (official ?? '');
    const plan = planFor(model, { instructions, officialMode, fromCodexCli, isWire, ceiling });
    const { body, dropped } = codexBody(request, plan);
    if (!dropsParams && dropped.length > 0) assertNothingDropped(call.request, plan);
    const headers = canonicalHeaders(this.identity, model.profile, request.prompt_cache_key);
    if (path === 'responses/compact') {
      leaveToCompaction(body);
      headers['accept'] = acceptedAt[path];
    }
    return {
      model,
      url: `${deployment.apiBase}/${path}`,
      body:
        official !== undefined && body['instructions'] === instructions
          ? writtenAround(body, this.literalOf(instructions), isWire)
          : writtenBody(body, isWire),
      headersFor: (token) => withAccount(headers, token),
      droppedParams: dropped,
      instructions: official,
    };
  }

  /**
   * A CLI's own request, to `responses` or `responses/compact`. Its bytes stay, but for a model that has another name
   * upstream, and for an ordinary request whose model only takes lite ones: that is said anew, as on `/v1`, but nothing is
   * refused for what a lite request has no word for, because the CLI cannot leave it out. So is what an SDK wants compacted.
   */
  async native(deployment: Deployment, call: NativeRequest, path: NativePath): Promise<PreparedCall> {
    const model = await this.catalog.resolve(deployment.upstreamModel, deployment);
    if (path === 'responses' ? needsLite(call, model) : call.fromSdk === true)
      return this.written(deployment, this.readAgain(call), noSpan, {
        path,
        dropsParams: call.fromSdk !== true || this.settings.dropParams,
      });
    const { identity } = this;
    const headers = nativeHeaders(identity, call.headers, acceptedAt[path]);
    // The CLI never chose a model that we put in another's place: it must not be refused as too old for it.
    if (model.slug !== call.model) headers['version'] = newerVersion(headers['version'], identity.clientVersion);
    return {
      model,
      url: `${deployment.apiBase}/${path}`,
      body: nativeBody(call, model.slug),
      headersFor: (token) => withAccount(headers, token),
      droppedParams: [],
      instructions: undefined,
      isClosedByCaller: closesModel(headers, model),
    };
  }

  /** Looks at the head of an answer for what the account has to say beside it. */
  answered(deployment: Deployment, headers: Readonly<Record<string, string>>): void {
    this.catalog.etagSeen(deployment, headers['x-models-etag']);
  }

  /** @throws {GatewayError} 400 for a body that is no Responses request. */
  private readAgain({ body, effortCeiling, fromSdk = false, codexMode }: NativeRequest): CanonicalCall {
    const read = responsesToCanonical(jsonOf(body.toString('utf8')), this.mapping).canonical;
    // Nobody is told the thoughts behind a compaction.
    const request = fromSdk ? { ...read, reasoning: read.reasoning ?? {} } : read;
    return { kind: 'canonical', request, fromCodexCli: !fromSdk, codexMode, effortCeiling, isWire: false };
  }
}

/** By the client's own request: what the deployment's defaults add, nobody asked for. @throws {GatewayError} 400. */
function assertNothingDropped(request: CanonicalRequest, plan: CodexPlan): void {
  const field = refusedOf(codexBody(request, plan).dropped);
  if (field !== undefined) throw refusedByCodex(field);
}

/**
 * Releases that do not know a lite model, or know it by the name of a group or a retired slug only, ask for it in the
 * ordinary way, which the backend refuses. What the catalog knows nothing of is left to the backend.
 */
function needsLite({ headers }: NativeRequest, { entry, profile }: ResolvedModel): boolean {
  return entry !== undefined && profile === 'lite' && headers[liteHeader] !== 'true';
}

/** Whether the backend refuses a model for the version or the profile that these headers name, whatever the account may use. */
function closesModel(headers: Readonly<Record<string, string>>, { entry, profile }: ResolvedModel): boolean {
  if (entry === undefined) return false;
  return (
    isTooOld(headers['version'] ?? '', entry.minimalClientVersion) ||
    (profile !== 'lite' && headers[liteHeader] === 'true')
  );
}

/** Where a CLI's own request goes, below the deployment's base URL. */
export type NativePath = 'responses' | 'responses/compact';

/** How a request in the inner language is sent. */
interface Sending {
  readonly path: NativePath;
  /** What the backend does not take is left out instead of refused. */
  readonly dropsParams: boolean;
}

const acceptedAt: Readonly<Record<NativePath, string>> = {
  responses: 'text/event-stream',
  'responses/compact': 'application/json',
};

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
  around: Pick<CodexPlan, 'instructions' | 'officialMode' | 'fromCodexCli'> & {
    readonly isWire: boolean;
    readonly ceiling: string | undefined;
  },
): CodexPlan {
  const { supportsVerbosity, supportsParallelToolCalls, efforts, ultraEffort, serviceTiers } = entry ?? nothingKnown;
  return {
    instructions: around.instructions,
    officialMode: around.officialMode,
    fromCodexCli: around.fromCodexCli,
    slug: around.isWire ? encodeWire(slug) : slug,
    profile,
    effort,
    effortCeiling: around.ceiling,
    supportsVerbosity,
    supportsParallelToolCalls,
    efforts,
    ultraEffort,
    serviceTiers,
  };
}
