import { type Clock } from '../kernel/clock';
import { type StopSignal } from '../kernel/stop-signal';
import { type Admitted, type AdmitRequest, type Refused } from './meter';

/** How a request is let in. */
export type Admit = (request: AdmitRequest) => Promise<Admitted | Refused>;

/** How long one may wait, and for whom. */
export interface SlotWait {
  /** Longest wait for a slot, milliseconds; 0 refuses at once. */
  readonly timeoutMs: number;
  /** Fires when the client is gone. */
  readonly signal: Pick<StopSignal, 'aborted'>;
}

/** Between two tries without a slot of this process becoming free: one of another replica may. Milliseconds. */
const pollMs = 100;
/** Requests that wait for one scope; further ones are refused at once. */
const mostWaiting = 100;

/** Everybody who waits for a slot of one scope, in the order in which they came. */
interface Line {
  readonly waiting: (() => void)[];
}

/**
 * Waits for a parallel slot instead of refusing, shortly and in order: within this process first come is first served, and
 * who comes while others wait goes behind them. Between replicas the books decide.
 */
export class SlotQueue {
  private readonly lines = new Map<string, Line>();

  constructor(private readonly clock: Pick<Clock, 'monotonicMs'>) {}

  /** Requests that wait now. */
  get size(): number {
    let size = 0;
    for (const { waiting } of this.lines.values()) size += waiting.length;
    return size;
  }

  /**
   * Asks to be let in, and where only parallel slots are missing again until there is one.
   *
   * @returns the last answer of `admit`; the refusal when the wait is over or the client is gone.
   * @throws what `admit` throws.
   */
  async admit(request: AdmitRequest, admit: Admit, { timeoutMs, signal }: SlotWait): Promise<Admitted | Refused> {
    const untilMs = this.clock.monotonicMs() + timeoutMs;
    const own = request.scopes.find(({ kind, id, model }) => this.lines.has(lineName(kind, id, model)));
    const first = own === undefined ? await admit(request) : undefined;
    if (first?.kind === 'admitted' || timeoutMs <= 0) return first ?? admit(request);
    if (first !== undefined && first.limit.limit !== 'parallel') return first;
    const name = own === undefined ? nameOf(first) : lineName(own.kind, own.id, own.model);
    const line = this.lines.get(name) ?? { waiting: [] };
    if (line.waiting.length >= mostWaiting) return first ?? admit(request);
    this.lines.set(name, line);
    return this.wait(name, line, { request, admit, untilMs, signal, first });
  }

  /** A slot of these scopes became free: whoever waits longest tries. */
  released(scopes: AdmitRequest['scopes']): void {
    if (this.lines.size === 0) return;
    for (const { kind, id, model } of scopes) this.lines.get(lineName(kind, id, model))?.waiting[0]?.();
  }

  private async wait(name: string, line: Line, turn: Turn): Promise<Admitted | Refused> {
    const { request, admit, untilMs, signal } = turn;
    let answer: Admitted | Refused | undefined = turn.first;
    let wake: () => void = () => undefined;
    const place = (): void => {
      wake();
    };
    line.waiting.push(place);
    try {
      for (;;) {
        const leftMs = untilMs - this.clock.monotonicMs();
        if (leftMs <= 0 || signal.aborted) break;
        await new Promise<void>((resolve) => {
          wake = resolve;
          setTimeout(resolve, Math.min(pollMs, leftMs));
        });
        if (line.waiting[0] !== place) continue;
        answer = await admit(request);
        if (answer.kind === 'admitted' || answer.limit.limit !== 'parallel') return answer;
      }
      return answer ?? (await admit(request));
    } finally {
      line.waiting.splice(line.waiting.indexOf(place), 1);
      if (line.waiting.length === 0) this.lines.delete(name);
      // Whoever is next need not wait for the clock.
      else line.waiting[0]?.();
    }
  }
}

interface Turn {
  readonly request: AdmitRequest;
  readonly admit: Admit;
  /** Monotonic milliseconds. */
  readonly untilMs: number;
  readonly signal: Pick<StopSignal, 'aborted'>;
  readonly first: Refused | undefined;
}

function nameOf(refused: Refused | undefined): string {
  if (refused === undefined) throw new TypeError('a line without a refusal');
  const { scope, scopeId, model } = refused.limit;
  return lineName(scope, scopeId, model);
}

function lineName(kind: string, id: string, model: string | undefined): string {
  return `${kind}\n${id}\n${model ?? ''}`;
}
