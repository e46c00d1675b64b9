import { answerEvents, event } from '../../../test/support/answer-fixtures';
import { type AnswerEvent } from './answer-event';
import { AnswerTracker } from './answer-tracker';
import { isContent, isOwnerOnly } from './event-types';

const clock = { nowMs: () => 1_795_206_660_000 };

function watch(name: string): AnswerTracker {
  const tracker = new AnswerTracker(clock);
  for (const seen of answerEvents(name)) tracker.see(seen);
  return tracker;
}

describe('AnswerTracker', () => {
  it('reads how a whole answer ended and what it used', () => {
    const tracker = watch('text');
    expect(tracker.outcome).toEqual({
      state: 'completed',
      serviceTier: 'default',
      usage: { inputTokens: 1200, cachedInputTokens: 1024, cacheWriteTokens: 0, outputTokens: 7, reasoningTokens: 0 },
    });
    expect(tracker.responseId).toBe('resp_0fake0000000000000000000000000001');
    expect(tracker.createdAt).toBe(1_795_206_658);
    expect(tracker.serviceTier).toBe('default');
    expect(tracker.usage?.inputTokens).toBe(1200);
    expect(tracker.hasContent).toBe(true);
  });

  it('names the reason of an incomplete answer', () => {
    expect(watch('incomplete-max-tokens').outcome).toMatchObject({ state: 'incomplete', reason: 'max_output_tokens' });
    expect(watch('incomplete-content-filter').outcome).toMatchObject({ state: 'incomplete', reason: 'content_filter' });
  });

  it.each([
    ['failed-context-length', 'context_too_long'],
    ['failed-invalid-prompt', 'content_policy'],
    ['failed-overloaded', 'overloaded'],
    ['failed-quota', 'quota_exhausted'],
    ['failed-rate-limit', 'rate_limited'],
    ['failed-server-error', 'server_error'],
    ['failed-usage-not-included', 'quota_exhausted'],
    ['error-event', 'server_error'],
  ])('knows why %s failed, before any content', (name, kind) => {
    const tracker = watch(name);
    expect(tracker.outcome).toMatchObject({ state: 'failed', failure: { kind } });
    expect(tracker.hasContent).toBe(false);
  });

  it('stays open when no terminal event came', () => {
    const tracker = watch('truncated-no-terminal');
    expect(tracker.outcome).toEqual({ state: 'open' });
    expect(tracker.usage).toBeUndefined();
    expect(tracker.hasContent).toBe(true);
  });

  it('believes the first terminal event only', () => {
    const tracker = watch('text');
    tracker.see(event({ type: 'error', message: 'late' }));
    expect(tracker.outcome.state).toBe('completed');
  });

  it('takes response.done by the status it carries', () => {
    const states = ['completed', 'incomplete', 'failed', 'cancelled'].map((status) => {
      const tracker = new AnswerTracker(clock);
      tracker.see(event({ type: 'response.done', response: { id: 'r', status } }));
      return tracker.outcome.state;
    });
    expect(states).toEqual(['completed', 'incomplete', 'failed', 'failed']);
  });

  it('invents no success from a last event that cannot be read', () => {
    for (const data of ['{"type":"response.completed","response":{torn}', '{"type":"response.completed"}']) {
      const tracker = new AnswerTracker(clock);
      tracker.see({ type: 'response.completed', data });
      expect(tracker.outcome).toMatchObject({ state: 'failed', failure: { kind: 'server_error' } });
    }
  });

  it('never counts a part of the usage above its whole', () => {
    const tracker = new AnswerTracker(clock);
    const usage = {
      input_tokens: 10,
      input_tokens_details: { cached_tokens: 50, cache_write_tokens: 3 },
      output_tokens: -1,
      output_tokens_details: { reasoning_tokens: 4 },
    };
    tracker.see(event({ type: 'response.completed', response: { id: 'r', usage } }));
    expect(tracker.usage).toEqual({
      inputTokens: 10,
      cachedInputTokens: 10,
      cacheWriteTokens: 0,
      outputTokens: 0,
      reasoningTokens: 0,
    });
  });

  it('finds id and date in unusual spacing and in later events', () => {
    const spaced = new AnswerTracker(clock);
    spaced.see({
      type: 'response.created',
      data: '{ "type": "response.created", "response": { "created_at": 5, "id": "resp_x" } }',
    });
    expect([spaced.responseId, spaced.createdAt]).toEqual(['resp_x', 5]);
    const late = new AnswerTracker(clock);
    late.see(event({ type: 'response.completed', response: { id: 'resp_y', created_at: 6 } }));
    expect([late.responseId, late.createdAt]).toEqual(['resp_y', 6]);
  });
});

describe('event types', () => {
  it('tells content from what may still be retried', () => {
    const control = ['response.created', 'response.in_progress', 'response.queued', 'keepalive', 'codex.rate_limits'];
    const shells = [
      'response.output_item.added',
      'response.content_part.added',
      'response.reasoning_summary_part.added',
    ];
    for (const type of [...control, ...shells, 'response.failed', 'response.completed', 'error'])
      expect(isContent(type)).toBe(false);
    for (const type of ['response.output_item.done', 'response.output_text.delta', 'response.new_thing']) {
      expect(isContent(type)).toBe(true);
    }
  });

  it('shows frames about the plan once the answer has begun: before that they repeat the headers', () => {
    const shown: string[] = [];
    const tracker = new AnswerTracker(clock, ({ data }) => shown.push(data));
    const frame = (used: number): AnswerEvent => event({ type: 'codex.rate_limits', used });
    tracker.see(frame(1));
    tracker.see(event({ type: 'response.created', response: { id: 'r', created_at: 5 } }));
    tracker.see(frame(2));
    tracker.see(event({ type: 'response.output_text.delta', delta: 'a' }));
    tracker.see(frame(3));
    expect(shown).toEqual([frame(2).data, frame(3).data]);
  });

  it('tells work that costs something from content that somebody has read', () => {
    const tracker = new AnswerTracker(clock);
    tracker.see(event({ type: 'response.created', response: { id: 'r', created_at: 5 } }));
    expect([tracker.isWorking, tracker.hasContent]).toEqual([false, false]);
    tracker.see(event({ type: 'response.output_item.added', item: { id: 'rs_1', type: 'reasoning' } }));
    expect([tracker.isWorking, tracker.hasContent, tracker.responseId]).toEqual([true, false, 'r']);
    const item = { id: 'rs_1', type: 'reasoning', summary: [], encrypted_content: 'sealed' };
    tracker.see(event({ type: 'response.output_item.done', item }));
    expect([tracker.isWorking, tracker.hasContent]).toEqual([true, false]);
    tracker.see(event({ type: 'response.output_item.added', item: { id: 'msg_1', type: 'message' } }));
    tracker.see(event({ type: 'response.output_text.delta', delta: 'a' }));
    expect([tracker.isWorking, tracker.hasContent]).toEqual([true, true]);
  });

  it.each<[string, Record<string, unknown>]>([
    ['a thought with a summary', { type: 'reasoning', summary: [{ type: 'summary_text', text: 'Hm.' }] }],
    ['a thought in full', { type: 'reasoning', summary: [], content: [{ type: 'reasoning_text', text: 'Hm.' }] }],
    ['a call', { type: 'function_call', name: 'f', arguments: '{"type":"reasoning"}' }],
    ['a compaction', { type: 'compaction', encrypted_content: 'sealed' }],
    ['a kind nobody knows', { type: 'new_thing' }],
  ])('takes %s that comes finished for content', (_, item) => {
    const tracker = new AnswerTracker(clock);
    tracker.see(event({ type: 'response.output_item.done', item }));
    expect(tracker.hasContent).toBe(true);
  });

  it('knows what belongs to the owner of the account', () => {
    const owned = [
      'codex.rate_limits',
      'codex.response.metadata',
      'responsesapi.websocket_timing',
      'response.metadata',
    ];
    expect(owned.every(isOwnerOnly)).toBe(true);
    expect(isOwnerOnly('response.created')).toBe(false);
  });
});
