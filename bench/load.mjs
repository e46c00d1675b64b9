/**
 * The callers: each sends the workload's call, reads the answer to its end and sends the next, until the time is up.
 * Every answer is counted delta by delta; a short, failed or unfinished one is an error and never a figure.
 */
import { Pool } from 'undici';
import { deltaTexts } from './workloads.mjs';

const contentField = '"content":"';
const doneLine = 'data: [DONE]';
const carried = contentField.length;
/** Nothing measured takes this long; a call that does is stuck. */
const callLimitMs = 60_000;

/** Counts the deltas of a chat stream, over any cuts between chunks. */
class StreamTally {
  #carry = '';
  deltas = 0;
  done = false;

  add(chunk) {
    const text = this.#carry + chunk.latin1Slice();
    let from = 0;
    for (let at = text.indexOf(contentField); at >= 0; at = text.indexOf(contentField, from)) {
      from = at + contentField.length;
      if (from === text.length) {
        from = at;
        break;
      }
      if (text[from] !== '"') this.deltas += 1;
    }
    if (!this.done) this.done = text.includes(doneLine);
    this.#carry = text.slice(Math.max(from, text.length - carried));
  }
}

/** Reads one answer; resolves `settled` with what came, never rejects. */
class Reader {
  #startedMs = performance.now();
  #firstMs = undefined;
  #status = 0;
  #tally = new StreamTally();
  #size = 0;
  #workload;
  #resolve;
  controller = undefined;

  constructor(workload, onFirst) {
    this.#workload = workload;
    this.onFirst = onFirst;
    this.settled = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  onRequestStart(controller) {
    this.controller = controller;
  }

  onResponseStart(_controller, statusCode) {
    this.#status = statusCode;
  }

  onResponseData(_controller, chunk) {
    this.#size += chunk.length;
    if (!this.#workload.body.stream) return;
    this.#tally.add(chunk);
    if (this.#firstMs === undefined && this.#tally.deltas > 0) {
      this.#firstMs = performance.now();
      this.onFirst?.();
    }
  }

  onResponseEnd() {
    const whole = this.#workload.body.stream
      ? this.#tally.done && this.#tally.deltas === this.#workload.deltas
      : this.#size > this.#workload.deltas;
    this.#settle(this.#status === 200 && whole ? undefined : `status ${this.#status}, ${this.#tally.deltas} deltas`);
  }

  onResponseError(_controller, error) {
    this.#settle(error.code ?? error.message);
  }

  #settle(error) {
    const endedMs = performance.now();
    this.#resolve({
      error,
      totalMs: endedMs - this.#startedMs,
      firstMs: (this.#firstMs ?? endedMs) - this.#startedMs,
      deltas: this.#workload.body.stream ? this.#tally.deltas : this.#workload.deltas,
    });
  }
}

/** One target as its callers see it: an address, a key and a fixed call. */
export class Callers {
  #pool;
  #call;
  #workload;

  constructor({ origin, key }, workload) {
    this.#workload = workload;
    this.#pool = new Pool(origin, {
      connections: workload.concurrency,
      pipelining: 1,
      headersTimeout: callLimitMs,
      bodyTimeout: callLimitMs,
    });
    this.#call = {
      path: '/v1/chat/completions',
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: Buffer.from(JSON.stringify(workload.body)),
    };
  }

  /** One call; see `Reader` for what it gives. */
  once() {
    const reader = new Reader(this.#workload);
    this.#pool.dispatch(this.#call, reader);
    return reader.settled;
  }

  /** All callers for `seconds`, then until the last answer is there. Paced callers do not start in step. */
  async run(seconds) {
    const stopAtMs = performance.now() + seconds * 1_000;
    const { concurrency, paceMs } = this.#workload;
    const results = [];
    const caller = async (index) => {
      if (paceMs > 0) await new Promise((resolve) => setTimeout(resolve, (index / concurrency) * 1_000));
      do results.push(await this.once());
      while (performance.now() < stopAtMs && results.at(-1).error === undefined);
    };
    const startedMs = performance.now();
    await Promise.all(Array.from({ length: concurrency }, (_, index) => caller(index)));
    return { results, elapsedMs: performance.now() - startedMs };
  }

  /** Opens `count` streams that stay silent after their first delta; resolves when each has it. Returns how to drop them. */
  async openIdle(count) {
    const readers = [];
    const openOne = () =>
      new Promise((resolve, reject) => {
        const reader = new Reader(this.#workload, resolve);
        readers.push(reader);
        void reader.settled.then(({ error }) => reject(new Error(`an idle stream ended: ${error ?? 'complete'}`)));
        this.#pool.dispatch(this.#call, reader);
      });
    const width = 50;
    for (let opened = 0; opened < count; opened += width) {
      await Promise.all(Array.from({ length: Math.min(width, count - opened) }, openOne));
    }
    return async () => {
      for (const reader of readers) reader.controller?.abort(new Error('dropped'));
      await Promise.all(readers.map((reader) => reader.settled));
    };
  }

  /** The text of one answer, read in full and parsed: the check that the target does what it is measured for. */
  async text() {
    const { body, statusCode } = await this.#pool.request(this.#call);
    const raw = await body.text();
    if (statusCode !== 200) return `status ${statusCode}`;
    if (!this.#workload.body.stream) return JSON.parse(raw).choices[0].message.content;
    const frames = raw.split('\n').filter((line) => line.startsWith('data: {'));
    return frames.map((line) => JSON.parse(line.slice(6)).choices[0]?.delta?.content ?? '').join('');
  }

  /** What `text()` must be. */
  expectedText() {
    return deltaTexts(this.#workload.deltas).join('');
  }

  async close() {
    await this.#pool.destroy();
  }
}
