import { Injectable } from '@nestjs/common';
import { modelNotFound } from '../kernel/errors';
import { type JsonObject } from '../protocol/canonical/canonical-request';
import { Upstream } from '../upstream/upstream';
import { Admission } from './admission';
import { allDropped } from './answer-headers';
import { askedOfClient } from './asked-call';
import { type Call } from './call';
import { EventHooks } from './event-hooks';
import { progressFrom } from './progress';

/** Tells the story up to the upstream call and shows it instead of making it. */
@Injectable()
export class TransformService {
  constructor(
    private readonly admission: Admission,
    private readonly hooks: EventHooks,
    private readonly upstream: Upstream,
  ) {}

  /** @returns LiteLLM's fields, then ours. @throws {GatewayError} what the real call would answer before it is sent. */
  async describe(call: Call & { dialect: 'chat' | 'responses' }): Promise<JsonObject> {
    const route = await this.admission.routeOf(call, progressFrom(call.context.startedMs, []));
    const deployment = route.deployments[0];
    if (deployment === undefined) throw modelNotFound(route.requestedModel);
    const request = await this.hooks.onRequest(call, call.client.canonical);
    const asked = { ...askedOfClient(call), request };
    const { url, headers, body, instructionsHash, droppedParams } = await this.upstream.describe(deployment, asked);
    return {
      raw_request_api_base: url,
      raw_request_headers: headers,
      raw_request_body: body,
      error: null,
      deployment_id: deployment.id,
      instructions_sha256: instructionsHash,
      dropped_params: allDropped(call.client.droppedParams, droppedParams),
    };
  }
}
