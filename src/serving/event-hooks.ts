import { Inject, Injectable } from '@nestjs/common';
import { type CodexHooks, type HookContext } from '../config/hooks';
import { type AnswerEvent } from '../protocol/canonical/answer-event';
import { type CanonicalRequest, type JsonObject } from '../protocol/canonical/canonical-request';
import { hookFailed } from '../prompts/hook-failed';
import { HOOKS } from '../prompts/hooks.module';
import { parseWire, stringifyWire } from '../protocol/wire/wire-text';
import { type Call, requestedModelOf } from './call';

/** Changes the events of one batch before any encoder sees them. */
export type EventHook = (events: readonly AnswerEvent[]) => readonly AnswerEvent[];

/** Runs the operator's request and response hooks. Without hooks it costs nothing. */
@Injectable()
export class EventHooks {
  /** Whether `onRequest` does anything. */
  readonly wantsRequests: boolean;

  constructor(@Inject(HOOKS) private readonly hooks: readonly CodexHooks[]) {
    this.wantsRequests = hooks.some(({ request }) => request !== undefined);
  }

  /** @throws {GatewayError} 500 when a hook throws. */
  async onRequest(call: Call, request: CanonicalRequest): Promise<CanonicalRequest> {
    let current = request;
    for (const { request: hook } of this.hooks) {
      if (hook !== undefined) current = await guarded(async () => hook(current, contextOf(call)));
    }
    return current;
  }

  /** @returns undefined when no hook wants the events of answers. The native surface is never changed. */
  forCall(call: Call): EventHook | undefined {
    const hooks = this.hooks.flatMap(({ response }) => (response === undefined ? [] : [response]));
    if (hooks.length === 0 || call.dialect === 'native') return undefined;
    const context = contextOf(call);
    return (events) => events.flatMap((event) => changed(event, hooks, context));
  }
}

function changed(
  event: AnswerEvent,
  hooks: readonly NonNullable<CodexHooks['response']>[],
  context: HookContext,
): readonly AnswerEvent[] {
  let current: JsonObject | null = parseWire(event.data) as JsonObject;
  for (const hook of hooks) {
    if (current === null) return [];
    const before: JsonObject = current;
    current = guardedNow(() => hook(before, context));
  }
  if (current === null) return [];
  return [{ type: String(current['type']), data: stringifyWire(current) }];
}

function contextOf(call: Call): HookContext {
  return {
    requestId: call.context.requestId,
    keyAlias: call.context.principal?.keyAlias,
    model: requestedModelOf(call),
  };
}

async function guarded<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    throw hookFailed(error);
  }
}

function guardedNow<Value>(work: () => Value): Value {
  try {
    return work();
  } catch (error) {
    throw hookFailed(error);
  }
}
