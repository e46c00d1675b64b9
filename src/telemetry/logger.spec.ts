import { GatewayError } from '../kernel/errors';
import { type LogFields } from './log-fields';
import { GatewayLogger } from './logger';
import { scrub } from './scrub';

describe('GatewayLogger', () => {
  it.each([
    ['Authorization: Bearer abc.def', 'Authorization: [redacted]'],
    ['key sk-proj-abcdefgh1234 used', 'key [redacted] used'],
    ['at-0123456789ab and eyJhbGciOiJub25lIn0.e30.sig', '[redacted] and [redacted]'],
    ['a task-list at the risk-level', 'a task-list at the risk-level'],
  ])('scrubs %j', (text, clean) => {
    expect(scrub(text)).toBe(clean);
  });

  function logged(level: 'info' | 'debug' = 'info') {
    const lines: string[] = [];
    const logger = new GatewayLogger({ logLevel: level }, { write: (line: string) => void lines.push(line) });
    return { logger, lines, last: () => JSON.parse(lines.at(-1) ?? '') as Record<string, unknown> };
  }

  it('shows only fields that are listed, and no objects', () => {
    const { logger, lines, last } = logged();
    const unlisted = { authorization: 'hush', token: 'hush', credential: 'work' } as LogFields;
    logger.event('info', 'hello', unlisted);
    expect(last()).toMatchObject({ authorization: '[redacted]', token: '[redacted]', credential: 'work' });
    logger.error({ secret: 'hush' });
    logger.log({ secret: 'hush' });
    logger.event('debug', 'hush', {});
    expect(lines).toHaveLength(3);
    expect(lines.join('')).not.toContain('hush');
  });

  it('scrubs the values of listed fields, lists among them', () => {
    const { logger, last } = logged();
    logger.event('info', 'hello', { names: ['a', 'sk-0123456789abcdef'], reason: 'Bearer hush' });
    expect(last()).toMatchObject({ names: ['a', '[redacted]'], reason: '[redacted]' });
  });

  it.each([
    ['what JSON.parse quotes', () => JSON.parse('{"a": hush hush}') as unknown],
    [
      'a key in a message',
      () => {
        throw new Error('refused Bearer hush');
      },
    ],
    [
      'a quoted value',
      () => {
        throw new RangeError("the value 'hush and hush' is too large");
      },
    ],
    [
      'an open quote',
      () => {
        throw new Error('cannot read "hush hush');
      },
    ],
    [
      'a thrown text',
      () => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- as foreign code may
        throw 'hush';
      },
    ],
  ])('tells a failure without %s', (_case, fail) => {
    const { logger, lines } = logged('debug');
    try {
      fail();
    } catch (error) {
      logger.failure(error, { requestId: 'req_1' });
      if (error instanceof Error) logger.error(error);
    }
    expect(lines[0]).toContain('req_1');
    expect(lines.join('')).not.toContain('hush');
  });

  it('keeps what a bug is found by: name, code, place, and names in quotes', () => {
    const { logger, last } = logged();
    logger.failure(
      Object.assign(new TypeError("Cannot read properties of undefined (reading 'model_id')"), { code: 'E_X' }),
      {},
    );
    const line = last();
    expect(line).toMatchObject({
      error: 'TypeError',
      code: 'E_X',
      reason: "Cannot read properties of undefined (reading 'model_id')",
    });
    expect(line['stack']).toMatch(/^\s+at .*logger\.spec/);
    logger.failure(
      new GatewayError({ status: 500, type: 't', code: 'c', message: "Our own words may 'quote things'." }),
      {},
    );
    expect(last()['reason']).toBe("Our own words may 'quote things'.");
  });
});
