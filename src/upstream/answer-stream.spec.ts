import { UpstreamFailure } from '../kernel/upstream-failure';
import { type OutboundResponse, type Taken } from '../outbound/outbound';
import { AnswerStream } from './answer-stream';

/** A response that the test feeds by hand. */
class FedResponse implements OutboundResponse {
  readonly status = 200;
  readonly headers = {};
  cancelled = false;
  private chunks: Buffer[] = [];
  private ended = false;
  private wake: () => void = () => undefined;

  feed(...events: string[]): void {
    for (const type of events) this.chunks.push(Buffer.from(`data: {"type":"${type}"}\n\n`));
    this.wake();
  }

  feedRaw(text: string): void {
    this.chunks.push(Buffer.from(text));
    this.wake();
  }

  finish(): void {
    this.ended = true;
    this.wake();
  }

  async next(): Promise<readonly Buffer[] | undefined> {
    while (this.chunks.length === 0 && !this.ended && !this.cancelled) {
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
    if (this.cancelled) throw new UpstreamFailure({ kind: 'client_gone', message: 'cancelled' });
    return this.chunks.length === 0 ? undefined : this.chunks.splice(0);
  }

  async each(take: (chunk: Buffer) => Taken): Promise<void> {
    for (let chunks = await this.next(); chunks !== undefined; chunks = await this.next()) {
      for (const chunk of chunks) {
        const taken = take(chunk);
        if (taken === false) return;
        await taken;
      }
    }
  }

  text(): Promise<string> {
    return Promise.reject(new Error('not a text'));
  }

  released = false;
  release(): void {
    this.released = true;
  }

  cancel(): void {
    this.cancelled = true;
    this.wake();
  }
}

let response: FedResponse;
let stream: AnswerStream;

beforeEach(() => {
  jest.useFakeTimers();
  response = new FedResponse();
  const model = {
    slug: 'm',
    entry: undefined,
    profile: 'ordinary',
    effort: undefined,
    remappedFrom: undefined,
  } as const;
  stream = new AnswerStream(response, { model, passHeaders: {}, droppedParams: [], firstEventMs: 1_000, idleMs: 100 });
});
afterEach(() => {
  stream.cancel();
  jest.useRealTimers();
});

async function passing(ms: number, everyMs: number, ...types: string[]): Promise<void> {
  for (let passed = 0; passed < ms; passed += everyMs) {
    await jest.advanceTimersByTimeAsync(everyMs);
    response.feed(...types);
  }
}

/** The two ways of reading on for ever. @returns the code of the failure, or `end`. */
const ways = {
  'asked for events': () => codeOf(askToEnd()),
  'handed events': () => codeOf(stream.each(() => undefined)),
};

async function askToEnd(): Promise<void> {
  while ((await stream.next()) !== undefined);
}

async function codeOf(reading: Promise<void>): Promise<string> {
  try {
    await reading;
    return 'end';
  } catch (error) {
    return error instanceof UpstreamFailure ? (error.details.code ?? error.kind) : 'unknown';
  }
}

describe.each(Object.entries(ways))('the idle clock of a reader that is %s', (_, readToEnd) => {
  it('is not satisfied by keep-alives, comments and repeated beginnings', async () => {
    response.feed('response.created', 'response.in_progress');
    const reading = readToEnd();
    await passing(
      80,
      20,
      'codex.keepalive',
      'keepalive',
      'codex.rate_limits',
      'response.in_progress',
      'response.created',
    );
    response.feedRaw(': still here\n\n');
    await jest.advanceTimersByTimeAsync(60);
    expect(await reading).toBe('upstream_idle_timeout');
    expect(response.cancelled).toBe(true);
  });

  it('is satisfied by content, and by events nobody has heard of', async () => {
    response.feed('response.created');
    const reading = readToEnd();
    await passing(500, 90, 'response.output_text.delta');
    await passing(500, 90, 'response.brand_new.thing');
    response.finish();
    expect(await reading).toBe('end');
  });

  it('sees content before a keep-alive of the same chunk', async () => {
    response.feed('response.created');
    const reading = readToEnd();
    await passing(500, 90, 'response.output_text.delta', 'codex.keepalive');
    response.finish();
    expect(await reading).toBe('end');
  });

  it('does not run against a reader that takes its time', async () => {
    response.feed('response.created');
    await stream.next();
    await jest.advanceTimersByTimeAsync(5_000);
    expect(response.cancelled).toBe(false);
    response.feed('response.output_text.delta');
    expect(await stream.next()).toHaveLength(1);
  });
});

describe('the idle clock of a reader that is handed events', () => {
  it('rests while the reader does, and then begins anew', async () => {
    let goOn: () => void = () => undefined;
    let handed = 0;
    const take = (): Promise<void> | undefined => {
      handed += 1;
      return handed === 1 ? new Promise((resolve) => (goOn = resolve)) : undefined;
    };
    response.feed('response.created');
    const reading = codeOf(stream.each(take));
    await jest.advanceTimersByTimeAsync(5_050);
    expect(response.cancelled).toBe(false);
    goOn();
    await jest.advanceTimersByTimeAsync(80);
    expect(response.cancelled).toBe(false);
    response.feed('response.output_text.delta');
    await jest.advanceTimersByTimeAsync(80);
    expect(handed).toBe(2);
    await jest.advanceTimersByTimeAsync(80);
    expect(await reading).toBe('upstream_idle_timeout');
  });
});

describe.each(Object.entries(ways))('the clock of the first event of a reader that is %s', (_, readToEnd) => {
  it('is not satisfied by keep-alives', async () => {
    const reading = readToEnd();
    await passing(1_000, 50, 'codex.keepalive');
    expect(await reading).toBe('upstream_first_event_timeout');
  });

  it('is longer than the idle clock before anything came', async () => {
    const reading = readToEnd();
    await jest.advanceTimersByTimeAsync(900);
    response.feed('response.created');
    response.finish();
    expect(await reading).toBe('end');
  });
});

it('tells a last frame without its blank line, then nothing more', async () => {
  response.feedRaw('data: {"type":"response.completed"}');
  response.finish();
  expect(await stream.next()).toHaveLength(1);
  expect(await stream.next()).toBeUndefined();
  expect(await stream.next()).toBeUndefined();
});

describe('handing down', () => {
  it('joins an event over the chunks it came in, and tells a last frame without its blank line', async () => {
    response.feedRaw('data: {"type":"response.cre');
    response.feedRaw('ated"}\n\ndata: {"type":"response.completed"}');
    response.finish();
    const batches: string[][] = [];
    await stream.each((events) => {
      batches.push(events.map(({ type }) => type));
      return undefined;
    });
    expect(batches).toEqual([['response.created'], ['response.completed']]);
  });

  it('goes on after events that were asked for, and stops when no more are wanted', async () => {
    response.feed('response.created');
    expect(await stream.next()).toHaveLength(1);
    response.feed('response.output_text.delta', 'response.completed');
    const types: string[] = [];
    await stream.each((events) => {
      types.push(...events.map(({ type }) => type));
      return types.includes('response.completed') ? false : undefined;
    });
    expect(types).toEqual(['response.output_text.delta', 'response.completed']);
    stream.release();
    expect(response.released).toBe(true);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('ends the call when the reader throws', async () => {
    response.feed('response.created');
    const reading = stream.each(() => {
      throw new Error('a hook is broken');
    });
    await expect(reading).rejects.toThrow('a hook is broken');
    expect(response.cancelled).toBe(true);
  });

  it('begins with the chunks that were read ahead', async () => {
    const { model } = stream;
    const rest = { passHeaders: {}, droppedParams: [], firstEventMs: 1_000, idleMs: 100 };
    const ahead = [Buffer.from('data: {"type":"response.cre'), Buffer.from('ated"}\n\n')];
    const other = new AnswerStream(response, { model, ...rest, ahead });
    response.feed('response.completed');
    response.finish();
    const types: string[] = [];
    await other.each((events) => {
      types.push(...events.map(({ type }) => type));
      return undefined;
    });
    expect(types).toEqual(['response.created', 'response.completed']);
  });
});

describe.each(Object.entries(ways))('the end for a reader that is %s', (_, readToEnd) => {
  it('leaves no timer behind', async () => {
    response.feed('response.completed');
    response.finish();
    await readToEnd();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('frees the socket when the decoder gives up', async () => {
    response.feedRaw('<!doctype html><p>blocked');
    expect(await readToEnd()).toBe('blocked');
    expect(response.cancelled).toBe(true);
  });
});
