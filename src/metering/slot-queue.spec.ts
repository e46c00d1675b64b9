import { BooksWorld, ended, keyScope, type OpenBooks } from '../../test/support/books-world';
import { type Admitted, type AdmitRequest, type Refused } from './meter';
import { SlotQueue } from './slot-queue';

let world: BooksWorld;
let open: OpenBooks;
let queue: SlotQueue;
const scopes = [keyScope({ parallel: 2, requestsPerWindow: 50 })];

beforeEach(async () => {
  world = new BooksWorld();
  open = await world.open(undefined);
  queue = new SlotQueue(world.clock);
});
afterEach(async () => {
  await world.close();
});

const admit = (request: AdmitRequest): Promise<Admitted | Refused> => open.books.meter.admit(request);
const stays = { aborted: false };
const ask = (timeoutMs: number, signal: { readonly aborted: boolean } = stays, own = scopes) => {
  const request = world.asking(own);
  const answer = queue.admit(request, admit, { timeoutMs, signal });
  return { request, answer };
};

async function end(request: AdmitRequest): Promise<void> {
  await open.books.meter.settle(ended(request));
  queue.released(request.scopes);
}

describe('the line for a parallel slot', () => {
  it('lets those who wait in, in their order, as slots become free', async () => {
    const running = [ask(0), ask(0)];
    for (const { answer } of running) expect((await answer).kind).toBe('admitted');
    const order: number[] = [];
    const waiting = [0, 1, 2].map((at) => {
      const asked = ask(5_000);
      void asked.answer.then(() => order.push(at));
      return asked;
    });
    for (const { request } of running) await end(request);
    for (const { request, answer } of waiting) {
      expect((await answer).kind).toBe('admitted');
      await end(request);
    }
    expect(order).toEqual([0, 1, 2]);
    expect(queue.size).toBe(0);
  });

  it('does not let anybody who comes later past those who wait', async () => {
    const [one, two] = [ask(0), ask(0)];
    await Promise.all([one.answer, two.answer]);
    const waiting = ask(5_000);
    while (queue.size === 0) await new Promise((resolve) => setImmediate(resolve));
    await open.books.meter.settle(ended(one.request));
    const late = ask(5_000);
    queue.released(one.request.scopes);
    expect((await waiting.answer).kind).toBe('admitted');
    await end(two.request);
    expect((await late.answer).kind).toBe('admitted');
  });

  it('refuses when the wait is over, at once without a wait, and when the client is gone', async () => {
    await Promise.all([ask(0).answer, ask(0).answer]);
    expect(await ask(0).answer).toMatchObject({ kind: 'refused', limit: { limit: 'parallel' } });
    const startedMs = performance.now();
    expect(await ask(150).answer).toMatchObject({ kind: 'refused', limit: { limit: 'parallel' } });
    expect(performance.now() - startedMs).toBeGreaterThan(140);
    const gone = new AbortController();
    const waiting = ask(60_000, gone.signal);
    gone.abort();
    expect((await waiting.answer).kind).toBe('refused');
    expect(queue.size).toBe(0);
  });

  it('finds a slot that another replica gave back', async () => {
    const [one] = [ask(0), ask(0)];
    await one.answer;
    const waiting = ask(5_000);
    while (queue.size === 0) await new Promise((resolve) => setImmediate(resolve));
    await open.books.meter.settle(ended(one.request));
    expect((await waiting.answer).kind).toBe('admitted');
  });

  it('does not wait for a limit that no slot can help with', async () => {
    const full = [keyScope({ parallel: 1, requestsPerWindow: 1 })];
    const only = ask(0, undefined, full);
    expect((await only.answer).kind).toBe('admitted');
    await end(only.request);
    const startedMs = performance.now();
    expect(await ask(60_000, undefined, full).answer).toMatchObject({ kind: 'refused', limit: { limit: 'requests' } });
    expect(performance.now() - startedMs).toBeLessThan(5_000);
  });
});
