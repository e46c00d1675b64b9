import { validateHeaderValue } from 'node:http';
import { type Deployment } from '../config/deployment';
import { noSpan } from '../kernel/tracing';
import { uncataloguedModel } from '../models/catalog-entry';
import { AnswerTracker } from '../protocol/canonical/answer-tracker';
import { type RoutedAnswer } from '../routing/router';
import { allDropped, answerHeaders, durationHeaders } from './answer-headers';
import { type Call } from './call';
import { progressFrom } from './progress';

const deployment: Deployment = {
  id: 'd1',
  modelGroup: 'g',
  provider: 'codex',
  upstreamModel: 'gpt-5.5',
  credential: { name: 'default', source: { kind: 'access_token', token: 'unused' } },
  apiBase: 'https://upstream.test',
  defaults: {},
  modelInfo: {},
};

function headersFor(model: string, remappedFrom?: string): Record<string, string> {
  const call: Call = {
    context: {
      requestId: 'r',
      callId: 'r',
      startedMs: 0,
      surface: 'openai',
      isCodexCli: false,
      clientIp: '127.0.0.1',
      userAgent: '',
      principal: undefined,
      settled: false,
      span: noSpan,
    },
    route: '/v1/responses',
    dialect: 'responses',
    client: { canonical: { model, input: [] }, stream: false, droppedParams: [] },
    isWire: false,
    extras: { tags: [] },
    requestedTier: undefined,
    size: { textBytes: 0, images: 0, sealedBytes: 0 },
  };
  const routed: RoutedAnswer = {
    deployment,
    route: { requestedModel: model, modelGroup: model, label: model, deployments: [deployment] },
    attempts: 1,
    span: noSpan,
    retries: 0,
    maxRetries: 2,
    ownFallback: undefined,
    fallbacks: 0,
    maxFallbacks: 5,
    reasoningDropped: 0,
    over: () => undefined,
    held: [],
    tracker: new AnswerTracker({ nowMs: () => 0 }),
    answer: {
      model: { ...uncataloguedModel('gpt-5.5'), remappedFrom },
      passHeaders: {},
      droppedParams: [],
      each: () => Promise.resolve(),
      next: () => Promise.resolve(undefined),
      release: () => undefined,
      cancel: () => undefined,
    },
  };
  return answerHeaders(call, routed, []);
}

describe('the headers of an answer', () => {
  it.each(['gpt-5.5', 'modellö', 'a\r\nset-cookie: b', 'half \ud83c', '\udf0d half', '🌍'])(
    'are legal with %j',
    (model) => {
      const headers = headersFor(model, model);
      expect(headers['x-litellm-model-group']).not.toBe('');
      for (const [name, value] of Object.entries(headers)) {
        expect(() => {
          validateHeaderValue(name, value);
        }).not.toThrow();
      }
    },
  );

  it('tell a name beyond ASCII so that it can be read back', () => {
    expect(decodeURIComponent(headersFor('größe 🌍')['x-litellm-model-group'] ?? '')).toBe('größe 🌍');
  });

  it('list each dropped field once, and no more than 32', () => {
    expect(allDropped(['b'], ['a', 'b'])).toEqual(['a', 'b']);
    expect(
      allDropped(
        [],
        Array.from({ length: 500 }, (_, at) => `tools.kind_${at}`),
      ),
    ).toHaveLength(32);
  });
});

describe('the durations of a whole answer', () => {
  it("tell the gateway's own part apart from the upstream's", () => {
    const progress = { ...progressFrom(1_000, []), upstreamStartedMs: 1_002.5 };
    expect(durationHeaders(progress, 1_902.5, 1_904)).toEqual({
      'x-litellm-response-duration-ms': '904.00',
      'x-litellm-overhead-duration-ms': '4.00',
    });
  });
});
