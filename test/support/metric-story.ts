import { chatBody, post, send } from './calls';
import { type Exposition, readExposition, type ShownSeries } from './expositions';
import { type TestBench, testKey } from './gateway';
import { eventually } from './login-gateways';
import { type RedisServer } from './redis-server';

/** Things that happen to one gateway, and every figure that its metrics ever showed meanwhile. */
export class Story {
  /** Everything that was ever shown with a figure, by name and labels. */
  private readonly shown = new Map<string, ShownSeries>();
  last: Exposition = { types: new Map(), series: [] };

  constructor(
    readonly bench: TestBench,
    readonly redis: RedisServer,
  ) {}

  /** Remembers every figure but zero that `/metrics` shows now. */
  async look(): Promise<void> {
    this.last = readExposition((await send(this.bench, '/metrics')).text);
    for (const each of this.last.series)
      if (each.value !== 0) this.shown.set(JSON.stringify([each.name, each.labels]), each);
  }

  get all(): readonly ShownSeries[] {
    return [...this.shown.values()];
  }

  /** Whether a series of that name, with these labels among its own, was ever shown with a figure. */
  has(name: string, labels: Readonly<Record<string, string>> = {}): boolean {
    return this.all.some(
      (each) => each.name === name && Object.entries(labels).every(([label, value]) => each.labels[label] === value),
    );
  }

  /** Looks until it was. */
  async until(name: string, labels: Readonly<Record<string, string>> = {}): Promise<void> {
    await eventually(`${name} ${JSON.stringify(labels)} is shown`, async () => {
      await this.look();
      return this.has(name, labels);
    });
  }

  /** A chat call of the gateway's first key, or of another. */
  ask(model: string, more: Readonly<Record<string, unknown>> = {}, key = testKey): ReturnType<typeof post> {
    return post({ url: this.bench.url, key }, '/v1/chat/completions', chatBody({ model, ...more }));
  }

  /** Makes something by a management route. @returns one text of its answer. */
  async made(path: string, body: unknown, field: string): Promise<string> {
    const { status, json } = await post(this.bench, path, body);
    expect([path, status]).toEqual([path, 200]);
    return String((json as Readonly<Record<string, unknown>>)[field]);
  }
}
