import { event } from '../../test/support/answer-fixtures';
import { MovedClock } from '../../test/support/moved-clock';
import { holder } from '../../test/support/sample-events';
import { defaultObservability } from '../config/observability-settings';
import { noSpan, type SpanFacts } from '../kernel/tracing';
import { encodeWire } from '../protocol/wire/wire-text';
import { GatewayLogger } from '../telemetry/logger';
import { type Call } from './call';
import { ContentLog } from './content-log';

const clock = new MovedClock();
const question = 'Wie heißt der Reiher?';

function callOf(contentLoggingUntilMs: number | undefined, isWire = false): Call {
  const policy = { ...holder('ann').policy, ...(contentLoggingUntilMs === undefined ? {} : { contentLoggingUntilMs }) };
  const content = isWire ? encodeWire(question) : question;
  return {
    context: {
      requestId: 'req_1',
      callId: 'req_1',
      startedMs: 0,
      surface: 'openai',
      isCodexCli: false,
      clientIp: '127.0.0.1',
      userAgent: '',
      principal: { ...holder('ann'), policy },
      settled: false,
      span: noSpan,
    },
    route: '/v1/responses',
    dialect: 'responses',
    client: {
      canonical: { model: 'm', input: [{ type: 'message', role: 'user', content }] },
      stream: true,
      droppedParams: [],
    },
    isWire,
    extras: { tags: [] },
    size: { textBytes: 0, images: 0, sealedBytes: 0 },
    requestedTier: undefined,
  };
}

function logOf(changes: Partial<typeof defaultObservability> = {}) {
  const lines: string[] = [];
  const logger = new GatewayLogger({ logLevel: 'debug' }, { write: (line: string) => void lines.push(line) });
  const contents = new ContentLog({ observability: { ...defaultObservability, ...changes } }, logger, clock);
  return { contents, lines, last: () => JSON.parse(lines.at(-1) ?? '') as Record<string, unknown> };
}

const later = (): number => clock.nowMs() + 60_000;
const deltas = [
  event({ type: 'response.created', response: {} }),
  event({ type: 'response.output_text.delta', delta: 'Er heißt ' }),
  event({ type: 'response.output_text.delta', delta: 'Max. sk-0123456789abcdef' }),
  event({ type: 'response.function_call_arguments.done', arguments: '{"a":1}' }),
];

describe('the content of a call', () => {
  it('is nobody’s business', () => {
    const { contents } = logOf();
    expect(contents.contentOf(callOf(undefined))).toBeUndefined();
    expect(contents.contentOf(callOf(clock.nowMs() - 1))).toBeUndefined();
    expect(logOf({ mayLogContent: false }).contents.contentOf(callOf(later()))).toBeUndefined();
  });

  it.each([false, true])('is logged while its key says so, keys in it hidden (wire text: %s)', (isWire) => {
    const { contents, lines, last } = logOf();
    const content = contents.contentOf(callOf(later(), isWire));
    const told = content?.heardBy((events) => events.slice(1));
    expect(told?.(deltas)).toEqual(deltas.slice(1));
    expect(lines).toEqual([]);
    content?.close();
    expect(lines).toHaveLength(1);
    expect(last()).toMatchObject({ msg: 'content', requestId: 'req_1', cut: false });
    expect(last()['question']).toContain(question);
    expect(last()['answer']).toBe('Er heißt Max. [redacted]"{\\"a\\":1}"');
  });

  it('is cut where it becomes too long', () => {
    const { contents, last } = logOf();
    const content = contents.contentOf(callOf(later()));
    const hear = content?.heardBy(undefined);
    for (let index = 0; index < 70; index += 1) {
      hear?.([event({ type: 'response.output_text.delta', delta: 'x'.repeat(1_000) })]);
    }
    content?.close();
    expect(String(last()['answer'])).toHaveLength(65_536);
    expect(last()['cut']).toBe(true);
  });

  it('is in traces only when the operator wants it there', () => {
    const told: SpanFacts[] = [];
    const span = Object.create(noSpan, { tell: { value: (facts: SpanFacts) => told.push(facts) } }) as typeof noSpan;
    for (const captureContent of [false, true]) {
      const { contents } = logOf({ traces: { ...defaultObservability.traces, captureContent } });
      const call = callOf(later());
      call.context.span = span;
      contents.contentOf(call)?.close();
      expect(told).toHaveLength(captureContent ? 1 : 0);
    }
    expect(told[0]?.question).toContain(question);
  });
});
