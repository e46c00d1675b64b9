import { Stopper } from '../kernel/stop-signal';
import { hookAnswer } from './hook-answer';

const never = (): Promise<string> => new Promise(() => undefined);
const limitMs = 20;

describe('what a hook answers', () => {
  it('is heard, at once or later', async () => {
    expect(await hookAnswer(() => 'now', { limitMs })).toBe('now');
    expect(await hookAnswer(() => Promise.resolve('later'), { limitMs })).toBe('later');
  });

  it.each<[string, () => string | Promise<string>]>([
    [
      'throws',
      () => {
        throw new Error('own words');
      },
    ],
    ['rejects', () => Promise.reject(new Error('own words'))],
    ['never answers', never],
  ])('is a 500 hook_failed when it %s', async (_, ask) => {
    const failure = hookAnswer(ask, { limitMs });
    await expect(failure).rejects.toMatchObject({ status: 500, code: 'hook_failed' });
    await expect(failure).rejects.not.toThrow('own words');
  });

  it('is not waited for by a call that ends, before or meanwhile', async () => {
    const [ended, ending] = [new Stopper(), new Stopper()];
    const reason = new Error('the client left');
    ended.abort(reason);
    await expect(hookAnswer(never, { limitMs: 60_000, signal: ended })).rejects.toBe(reason);
    const waiting = hookAnswer(never, { limitMs: 60_000, signal: ending });
    ending.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });
});
