import { type Answer, type Asked } from '../simulator/answer';

/** Where a frame of an event stream ends, in bytes of the whole, and of which type it is. */
export interface Frame {
  readonly type: string;
  readonly end: number;
}

const asked: Asked = { host: 'codex', model: 'gpt-5.5', body: {}, headers: {}, metadataFrames: true, fixtures: '' };

/** The same bytes whenever it is given: an answer of the simulator has ids of its own each time. */
export function frozen(answer: Answer): Answer {
  const steps = answer.steps(asked);
  return { ...answer, steps: () => steps };
}

/** The frames of a frozen answer, in order. */
export function framesOf(answer: Answer): readonly Frame[] {
  const whole = answer
    .steps(asked)
    .map((step) => (step.kind === 'write' ? step.bytes.toString('latin1') : ''))
    .join('');
  const frames: Frame[] = [];
  for (const found of whole.matchAll(/event: (\S+)\n[^]*?\n\n/g)) {
    frames.push({ type: found[1] ?? '', end: found.index + found[0].length });
  }
  return frames;
}

/** Bytes up to the end of the first frame of this type. @throws {Error} when there is none. */
export function endOf(answer: Answer, type: string): number {
  const frame = framesOf(answer).find((each) => each.type === type);
  if (frame === undefined) throw new Error(`no frame of type ${type}`);
  return frame.end;
}
