import { GatewayError, invalidRequest } from '../../kernel/errors';
import { UpstreamFailure } from '../../kernel/upstream-failure';
import { parseWire } from '../wire/wire-text';
import { errorBody, streamErrorBody } from './error-body';

const spent = new GatewayError({
  status: 429,
  type: 'budget_exceeded',
  code: 'budget_exceeded',
  message: 'W',
  author: 'key',
  limit: 'max_budget',
  remaining: 0,
  resetAtMs: 1_000_500,
});

describe('errorBody', () => {
  it('puts the status as code into JSON errors of the OpenAI surface', () => {
    expect(errorBody(invalidRequest('no', 'model'), 'openai')).toEqual({
      error: {
        message: 'no',
        type: 'invalid_request_error',
        param: 'model',
        code: '400',
        gateway: { author: 'gateway', limit: null, remaining: null, reset_at: null },
      },
    });
  });

  it('tells the author and the limit of our own refusals', () => {
    expect(errorBody(spent, 'openai')).toMatchObject({
      error: {
        code: '429',
        type: 'budget_exceeded',
        gateway: { author: 'key', limit: 'max_budget', remaining: 0, reset_at: 1001 },
      },
    });
  });

  it('gives a Codex client the type and the reset that it acts on', () => {
    expect(errorBody(spent, 'native')).toMatchObject({
      error: { type: 'usage_limit_reached', code: 'budget_exceeded', resets_at: 1001, param: null },
    });
  });

  it('adds nothing of ours to what an upstream said', () => {
    const error = new UpstreamFailure({ kind: 'context_too_long', message: 'long', code: 'context_length_exceeded' });
    expect(errorBody(error.toGatewayError(), 'native')).toEqual({
      error: { message: 'long', type: 'invalid_request_error', param: null, code: 'context_length_exceeded' },
    });
  });
});

describe('streamErrorBody', () => {
  it('carries the machine code, because a stream has no status left', () => {
    expect(parseWire(streamErrorBody(spent))).toMatchObject({
      error: { code: 'budget_exceeded', type: 'budget_exceeded' },
    });
  });
});
