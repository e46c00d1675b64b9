import { Breaker } from './breaker';

const fail = (breaker: Breaker, times: number, nowMs = 0): void => {
  for (let at = 0; at < times; at += 1) breaker.failed(nowMs);
};

describe('the breaker of the shared state', () => {
  it('opens after five failures in a row, and not after four', () => {
    const breaker = new Breaker();
    fail(breaker, 4);
    expect(breaker.isOpen).toBe(false);
    fail(breaker, 1);
    expect(breaker.isOpen).toBe(true);
  });

  it('opens for a server that fails every other call, and stays closed for one that seldom fails', () => {
    const [flapping, sound] = [new Breaker(), new Breaker()];
    for (let at = 0; at < 30; at += 1) {
      flapping.failed(0);
      flapping.succeeded();
      sound.failed(0);
      for (let good = 0; good < 3; good += 1) sound.succeeded();
    }
    expect([flapping.isOpen, sound.isOpen]).toEqual([true, false]);
  });

  it('lets two calls a second through while open, and closes after three answers in a row', () => {
    const breaker = new Breaker();
    fail(breaker, 5, 1_000);
    expect([breaker.admits(1_499), breaker.admits(1_500), breaker.admits(1_501)]).toEqual([false, true, false]);
    breaker.succeeded();
    expect([breaker.isOpen, breaker.admits(1_510), breaker.admits(1_511)]).toEqual([true, true, false]);
    breaker.succeeded();
    breaker.failed(1_520);
    expect(breaker.admits(1_521)).toBe(false);
    breaker.reconnected();
    expect(breaker.admits(1_522)).toBe(true);
    for (let at = 0; at < 3; at += 1) breaker.succeeded();
    expect([breaker.isOpen, breaker.admits(1_523), breaker.admits(1_523)]).toEqual([false, true, true]);
  });
});
