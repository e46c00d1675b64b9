import { nativeWithinPolicy } from './call-policy';

/** The bytes that a native body is sent as under a policy. */
function sent(body: string, policy: Parameters<typeof nativeWithinPolicy>[1]): string {
  const native = { kind: 'native', model: 'gpt-5.5', body: Buffer.from(body), headers: {} } as const;
  return nativeWithinPolicy(native, policy).body.toString('utf8');
}

describe('nativeWithinPolicy', () => {
  it('leaves every byte as it is where the key has no policy', () => {
    const body = '{"model": "gpt-5.5", "reasoning": {"effort": "xhigh"}}';
    expect(sent(body, {})).toBe(body);
  });

  it.each([
    ['{"effort":"xhigh","effort":"low"}', '{"effort":"low"}'],
    ['{"\\u0065ffort":"xhigh","effort":"low"}', '{"effort":"low"}'],
    ['{"effort":"low","effort":"xhigh"}', '{"effort":"low"}'],
    ['{"effort":"low","summary":"auto"}', '{"effort":"low","summary":"auto"}'],
  ])('sends one effort under a ceiling of low for %s', (reasoning, held) => {
    const body = `{"model":"gpt-5.5","reasoning":${reasoning}}`;
    expect(sent(body, { maxEffort: 'low' })).toBe(`{"model":"gpt-5.5","reasoning":${held}}`);
  });

  it('holds an effort that a later item of the input asks for under the ceiling, too', () => {
    const input = (effort: string): string =>
      `[{"type":"message","reasoning":{"effort":"max"}},{"type":"configuration_update","reasoning":{"effort":"${effort}"}}]`;
    const body = (effort: string): string =>
      `{"model":"gpt-6.1-sol","input":${input(effort)},"reasoning":{"effort":"low"}}`;
    expect(sent(body('xhigh'), { maxEffort: 'medium' })).toBe(body('medium'));
    expect(sent(body('low'), { maxEffort: 'medium' })).toBe(body('low'));
  });

  it('leaves a tier that is allowed, and every byte beside it, as it is', () => {
    const body = '{"model": "gpt-5.5"}';
    expect(sent(body, { serviceTier: 'forbidden' })).toBe(body);
  });

  it('takes a forbidden tier out', () => {
    const body = '{"model":"gpt-5.5","service_tier":"priority","stream":true}';
    expect(sent(body, { serviceTier: 'forbidden' })).toBe('{"model":"gpt-5.5","stream":true}');
  });
});
