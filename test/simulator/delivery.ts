import { once } from 'node:events';
import { type ServerResponse } from 'node:http';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { type Answer, type Asked, type Reply, type Step } from './answer';
import { type Ending } from './journal';

/** Where scripted holds wait for the test. */
export class Gate {
  private waiting: (() => void)[] = [];

  /** How many answers are held right now. */
  get held(): number {
    return this.waiting.length;
  }

  /** Settles at the next release, or when the client is gone. */
  hold(gone: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      const leave = (): void => {
        this.waiting = this.waiting.filter((each) => each !== resolve);
        resolve();
      };
      gone.addEventListener('abort', leave, { once: true });
    });
  }

  /** Lets every answer go on that is held now. */
  release(): void {
    const released = this.waiting;
    this.waiting = [];
    for (const resolve of released) resolve();
  }
}

/** What a delivery needs besides the answer. */
export interface DeliveryContext {
  readonly response: ServerResponse;
  readonly gate: Gate;
  readonly asked: Asked;
  /** Scripted reply, or undefined for the route's own answer. */
  readonly scripted: Reply | undefined;
  /** The route's own answer; decided only when it is needed, because deciding may spend a token. */
  readonly usual: () => Answer;
  readonly headers: (status: number) => Readonly<Record<string, string>>;
}

/** Plays an answer on a connection. @returns how it ended; never rejects. */
export async function deliver(context: DeliveryContext): Promise<Ending> {
  const { response, scripted } = context;
  const gone = new AbortController();
  const left = (): void => {
    if (!response.writableFinished) gone.abort();
  };
  response.once('close', left);
  const player = new Player(response, context.gate, gone.signal);
  if (await player.play(scripted?.preface ?? [])) return player.ending;
  const answer = chosenAnswer(context);
  if (answer !== scripted && (await player.play(answer.preface))) return player.ending;
  const steps = answer.steps(context.asked);
  response.writeHead(answer.status, { ...context.headers(answer.status), ...answer.headers });
  if (steps[0]?.kind !== 'write') response.flushHeaders();
  if (await player.play(steps)) return player.ending;
  response.end();
  await Promise.race([once(response, 'finish').catch(() => undefined), player.closed]);
  return player.ending;
}

function chosenAnswer({ scripted, usual }: DeliveryContext): Answer {
  if (scripted?.kind === 'answer') return scripted;
  const own = usual();
  return scripted?.change === undefined ? own : scripted.change(own);
}

class Player {
  /** Settles when the client is gone. */
  readonly closed: Promise<void>;
  private cut = false;

  constructor(
    private readonly response: ServerResponse,
    private readonly gate: Gate,
    private readonly gone: AbortSignal,
  ) {
    this.closed = new Promise((resolve) => {
      if (gone.aborted) resolve();
      gone.addEventListener(
        'abort',
        () => {
          resolve();
        },
        { once: true },
      );
    });
  }

  get ending(): Ending {
    if (this.cut) return 'cut';
    return this.gone.aborted ? 'cancelled' : 'answered';
  }

  /** @returns true when nothing more can be sent. */
  async play(steps: readonly Step[]): Promise<boolean> {
    for (const step of steps) {
      if (this.gone.aborted) return true;
      await this.perform(step);
      if (this.cut) return true;
    }
    return this.gone.aborted;
  }

  private async perform(step: Step): Promise<void> {
    switch (step.kind) {
      case 'write':
        if (!this.response.write(step.bytes)) {
          await Promise.race([once(this.response, 'drain', { signal: this.gone }).catch(() => undefined), this.closed]);
        }
        return;
      case 'wait':
        await sleep(step.ms, undefined, { signal: this.gone }).catch(() => undefined);
        return;
      case 'hold':
        await this.gate.hold(this.gone);
        return;
      case 'close':
        await this.close(step.how);
    }
  }

  private async close(how: 'fin' | 'reset'): Promise<void> {
    this.cut = true;
    const { socket } = this.response;
    // What was written leaves the process first; the peer's read of it must not be overtaken by the reset.
    await turn();
    if (socket !== null && socket.writableLength > 0) await once(socket, 'drain').catch(() => undefined);
    if (how === 'fin') socket?.destroySoon();
    else {
      await sleep(10);
      socket?.resetAndDestroy();
    }
  }
}
