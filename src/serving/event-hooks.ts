import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../config/config.module';
import { type CodexHooks, type HookContext } from '../config/hooks';
import { type Settings } from '../config/settings';
import { type StopSignal } from '../kernel/stop-signal';
import { type AnswerEvent } from '../protocol/canonical/answer-event';
import { type CanonicalRequest, type JsonObject } from '../protocol/canonical/canonical-request';
import { parsedObject } from '../protocol/canonical/parsed-event';
import { isJsonObject } from '../protocol/json-guards';
import { isEventType } from '../protocol/wire/event-type';
import { hookAnswer } from '../prompts/hook-answer';
import { hookFailed } from '../prompts/hook-failed';
import { HOOKS } from '../prompts/hooks.module';
import { encodeWire } from '../protocol/wire/wire-text';
import { type Call, requestedModelOf } from './call';
import { ToldEnd } from './told-end';

/** Changes the events of one batch before any encoder sees them; one for each answer. @throws {GatewayError} for a hook that fails or refuses. */
export type EventHook = (events: readonly AnswerEvent[]) => readonly AnswerEvent[];

/** Runs the operator's request and response hooks. Without hooks it costs nothing. */
@Injectable()
export class EventHooks {
  /** Whether `onRequest` does anything. */
  readonly wantsRequests: boolean;

  constructor(
    @Inject(HOOKS) private readonly hooks: readonly CodexHooks[],
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'times'>,
  ) {
    this.wantsRequests = hooks.some(({ request }) => request !== undefined);
  }

  /**
   * @param signal ends the waiting for a hook.
   * @throws {GatewayError} 500 when a hook throws, returns no request or takes too long; the signal's reason.
   */
  async onRequest(call: Call, request: CanonicalRequest, signal?: StopSignal): Promise<CanonicalRequest> {
    const { hookMs: limitMs } = this.settings.times;
    let current = request;
    for (const { request: hook } of this.hooks) {
      if (hook === undefined) continue;
      const before = current;
      current = requestOf(await hookAnswer(() => hook(before, contextOf(call)), { limitMs, signal }));
    }
    return current;
  }

  /** @returns undefined when no hook wants the events of answers. The native surface is never changed. */
  forCall(call: Call): EventHook | undefined {
    const hooks = this.hooks.flatMap(({ response }) => (response === undefined ? [] : [response]));
    if (hooks.length === 0 || call.dialect === 'native') return undefined;
    const context = contextOf(call);
    const end = new ToldEnd();
    return (events) =>
      end.checked(
        events,
        events.flatMap((event) => changed(event, hooks, context)),
      );
  }
}

/** An event that cannot be read would pass the hooks unseen, and one without a fit type cannot be told: both are dropped. */
function changed(
  event: AnswerEvent,
  hooks: readonly NonNullable<CodexHooks['response']>[],
  context: HookContext,
): readonly AnswerEvent[] {
  let current = parsedObject(event.data);
  for (const hook of hooks) {
    if (current === undefined) return [];
    const before = current;
    current = guardedNow(() => eventOf(hook(before, context)));
  }
  const type = current?.['type'];
  return isEventType(type) ? [{ type, data: guardedNow(() => wireOf(current)) }] : [];
}

/** Hooks are programs of the operator's, which the compiler has not seen. */
function eventOf(returned: unknown): JsonObject | undefined {
  if (returned === null) return undefined;
  if (!isJsonObject(returned)) throw new TypeError('A response hook returned neither an event nor null.');
  if (typeof returned['then'] !== 'function') return returned;
  // Nobody else would hear how it ends, and a rejection that nobody hears ends the process.
  Promise.resolve(returned).catch(() => undefined);
  throw new TypeError('A response hook returned a promise: it has to answer at once, with an event or null.');
}

/** @throws {GatewayError} 500 `hook_failed` for what cannot be sent: most often nothing at all, for want of a `return`. */
function requestOf(returned: unknown): CanonicalRequest {
  const input: unknown = isJsonObject(returned) ? returned['input'] : undefined;
  if (!Array.isArray(input) || !input.every(isItem))
    throw hookFailed(new TypeError('A request hook returned no request: an object whose input is a list of items.'));
  const request = returned as CanonicalRequest;
  // A message may leave its type out, as in the API; ours never do.
  if (input.every(({ type }) => type !== undefined)) return request;
  return { ...request, input: input.map((item) => ({ type: 'message', ...item })) };
}

function isItem(item: unknown): item is JsonObject {
  return isJsonObject(item) && typeof (item['type'] ?? item['role']) === 'string';
}

/** What a hook returned may hold anything: numbers without end, itself, or a `toJSON` of its own. */
function wireOf(event: unknown): string {
  const json: unknown = JSON.stringify(event);
  if (typeof json === 'string' && json.startsWith('{')) return encodeWire(json);
  throw new TypeError('A response hook returned what is no event as JSON.');
}

function contextOf(call: Call): HookContext {
  return {
    requestId: call.context.requestId,
    keyAlias: call.context.principal?.keyAlias,
    model: requestedModelOf(call),
  };
}

function guardedNow<Value>(work: () => Value): Value {
  try {
    return work();
  } catch (error) {
    throw hookFailed(error);
  }
}
