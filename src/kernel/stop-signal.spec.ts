import { Stopper } from './stop-signal';

describe('a stopper', () => {
  it('tells its listeners once, in order, with the first reason', () => {
    const stopper = new Stopper();
    const heard: unknown[] = [];
    stopper.addEventListener('abort', () => heard.push(['a', stopper.reason]));
    stopper.addEventListener('abort', () => heard.push(['b', stopper.reason]));
    stopper.abort('first');
    stopper.abort('second');
    expect(heard).toEqual([
      ['a', 'first'],
      ['b', 'first'],
    ]);
    expect(stopper.aborted).toBe(true);
    let thrown: unknown;
    try {
      stopper.throwIfAborted();
    } catch (reason) {
      thrown = reason;
    }
    expect(thrown).toBe('first');
  });
});

describe('a listener', () => {
  it('that was removed hears nothing, and the others still do', () => {
    const stopper = new Stopper();
    const heard: string[] = [];
    const removed = (): void => {
      heard.push('removed');
    };
    stopper.addEventListener('abort', removed);
    stopper.addEventListener('abort', () => heard.push('kept'));
    stopper.removeEventListener('abort', removed);
    stopper.abort();
    expect(heard).toEqual(['kept']);
    expect(stopper.reason).toBeInstanceOf(Error);
  });
});
