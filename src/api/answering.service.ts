import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { SETTINGS } from '../config/config.module';
import { type Settings } from '../config/settings';
import { SettingsChanges } from '../config/settings-holder';
import { type BodyLimits, readJsonBody } from '../http/body-reader';
import { callContextOf } from '../http/call-context';
import { type StopSignal } from '../kernel/stop-signal';
import { RawEventStream } from '../http/raw-event-stream';
import { type ClientRequest } from '../protocol/canonical/canonical-request';
import { type MappingOptions } from '../protocol/mapping-options';
import { questionSize } from '../protocol/canonical/question-size';
import { type CallExtras, callExtras, saysNothing } from '../protocol/openai/call-extras';
import { valueFromWire } from '../protocol/wire/wire-json';
import { type Call } from '../serving/call';
import { callWishes } from './call-wishes';
import { clientRequest } from './client-request';
import { assertExtras, assertFields } from './extras-rules';
import { assertFewFields } from './field-count';
import { ServingService } from '../serving/serving.service';
import { TagRoll } from '../serving/tag-roll';

/** The shared half of the doors: body in, then a stream or one JSON answer out. */
@Injectable()
export class AnsweringService {
  /** How request bodies are mapped, from the settings. */
  get mapping(): MappingOptions {
    return this.mappingNow;
  }
  private mappingNow: MappingOptions;
  private bodyLimits: BodyLimits;
  private wireLimits: BodyLimits;

  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    private readonly serving: ServingService,
    private readonly tagRoll: TagRoll,
    changes: SettingsChanges,
  ) {
    this.bodyLimits = bodyLimitsOf(settings);
    this.wireLimits = { ...this.bodyLimits, preferWire: true };
    this.mappingNow = mappingOf(settings);
    changes.onChange((now) => {
      this.bodyLimits = bodyLimitsOf(now);
      this.wireLimits = { ...this.bodyLimits, preferWire: true };
      this.mappingNow = mappingOf(now);
    });
  }

  /** @throws {GatewayError} 4xx for a body that cannot be read. */
  readBody(request: FastifyRequest): Promise<{ readonly json: unknown; readonly bytes: Buffer }> {
    return readJsonBody(request, this.bodyLimits);
  }

  /** What a request says beside its question. @throws {GatewayError} 400 where the operator's rules are broken. @param isWire the strings of `json` are wire text. */
  extrasOf(request: FastifyRequest, json: unknown, isWire: boolean): CallExtras {
    const { customerHeaders: customer, tagHeaders: tags, extrasRules } = this.settings.metering;
    assertFields(json, extrasRules.neededFields);
    const { metadataLabels } = this.settings.observability.metrics;
    const labels = metadataLabels.length === 0 ? {} : { labels: metadataLabels };
    const said = callExtras(request.headers, json, { customer, tags, ...labels });
    // What a header of the operator's choice adds is no word of the caller.
    const hasOwn = extrasRules.refusesTags && tags.length > 0;
    assertExtras(hasOwn ? callExtras(request.headers, json, { customer, tags: [] }) : said, extrasRules);
    const extras = isWire && !saysNothing(said) ? valueFromWire(said) : said;
    return this.tagRoll.called(extras, callContextOf(request).principal);
  }

  /** Reads, maps and answers one request of a JSON dialect. */
  async answer(exchange: Exchange, map: (body: unknown, options: MappingOptions) => ClientRequest): Promise<void> {
    const call = await this.callOf(exchange, map);
    // Not awaited here: a frame that only waits would be kept for as long as the answer runs.
    return this.tell(call, exchange.reply);
  }

  /** A function of its own, so that the body is not kept for as long as the answer runs. */
  private async callOf(
    exchange: Exchange,
    map: (body: unknown, options: MappingOptions) => ClientRequest,
  ): Promise<Call> {
    const { request, route, dialect, adapt = unchanged } = exchange;
    const body = await readJsonBody(request, this.wireLimits);
    assertFewFields(body.json);
    const { client, isWire } = clientRequest(body, (json) => map(adapt(json), this.mapping));
    return {
      context: callContextOf(request),
      route,
      dialect,
      extras: this.extrasOf(request, adapt(body.json), body.isWire),
      wishes: callWishes(body, request.raw.headers, (json) => map(adapt(json), this.mapping)),
      requestedTier: client.canonical.service_tier,
      size: questionSize(client.canonical.input, body.bytes.length),
      client,
      isWire,
    };
  }

  /** Answers a call: streams when the client asked for it, else one JSON body. */
  tell(call: Call, reply: FastifyReply): Promise<void> {
    const out = new RawEventStream(reply, {
      keepAliveFrame: call.context.isCodexCli ? cliKeepAlive : commentKeepAlive,
      keepAliveMs: call.context.isCodexCli ? this.settings.times.cliKeepAliveMs : this.settings.times.keepAliveMs,
      stalledReaderMs: this.settings.times.stalledReaderMs,
    });
    return call.dialect === 'native' || call.client.stream
      ? this.serving.stream(call, out)
      : this.tellWhole(call, out.signal, reply);
  }

  private async tellWhole(call: Call, clientGone: StopSignal, reply: FastifyReply): Promise<void> {
    const { headers, body } = await this.serving.json(call, clientGone);
    await reply.code(200).headers(headers).type('application/json; charset=utf-8').send(body);
  }
}

/** One request at a door. */
export interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** Route template. */
  readonly route: string;
  readonly dialect: 'chat' | 'responses';
  /** Changes the body before it is mapped, for routes that carry the model in their path. */
  readonly adapt?: (body: unknown) => unknown;
}

function bodyLimitsOf({ limits, times }: Settings): BodyLimits {
  return { maxBytes: limits.maxBodyBytes, maxDepth: limits.maxJsonDepth, timeoutMs: times.requestBodyMs };
}

function mappingOf({ dropParams, limits, alwaysIncludeStreamUsage }: Settings): MappingOptions {
  return {
    dropParams,
    maxImageBytes: limits.maxImageBytes,
    alwaysIncludeStreamUsage,
    hash: (text) => createHash('sha256').update(text).digest('hex'),
  };
}

function unchanged(body: unknown): unknown {
  return body;
}

const commentKeepAlive = ': keep-alive\n\n';

/** A Codex CLI's idle timer ignores comments and counts any data frame. */
const cliKeepAlive = 'data: {"type":"codex.keepalive"}\n\n';
