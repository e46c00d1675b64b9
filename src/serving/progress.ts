import { type Deployment } from '../config/deployment';
import { type AnswerEnd } from '../kernel/observer';
import { type TokenUsage } from '../kernel/usage';
import { type CallContent } from './content-log';
import { type Ticket } from './ticket';
import { type RoutedAnswer } from '../routing/router';
import { type OpenedCall } from '../routing/try-plan';

/** What is known of a call while it runs; the settlement reads it once, whatever happened. */
export interface Progress {
  readonly startedMs: number;
  /** When the story began: the edge is behind it. */
  admissionStartedMs: number | undefined;
  modelLabel: string | undefined;
  modelGroup: string | undefined;
  /** Names of the limits of single models that hold for it: groups that its row belongs to, the one it is filed under first. */
  limitedModels: readonly string[];
  deployment: Deployment | undefined;
  /** From admission on; then the call must be settled. */
  ticket: Ticket | undefined;
  /** What is asked and told, for a key that wants it logged. */
  content: CallContent | undefined;
  attempts: number;
  /** Reasoning items that the attempt under way goes without. */
  reasoningDropped: number;
  /** How the upstream of the attempt under way has taken the request. */
  opened: OpenedCall | undefined;
  /** The upstream has begun to work on an answer, of which nothing may have been seen yet. */
  isWorking: boolean;
  upstreamStartedMs: number | undefined;
  firstContentMs: number | undefined;
  /** The head of the stream has left: a failure is told within it. */
  isBegun: boolean;
  routed: RoutedAnswer | undefined;
  /** Set when the answer ended; undefined means the story was left by an exception. */
  end: AnswerEnd | undefined;
  droppedParams: readonly string[];
  /** Usage of an answer that is no stream. */
  told: TokenUsage | undefined;
  /** The client wanted no more while the upstream was at work: over when what is left was read or cancelled. */
  rest: Promise<void> | undefined;
  /** When the client had all that it got, if the books are closed later; monotonic milliseconds. */
  endedMs: number | undefined;
  /** Stands in when the answer was ended by a stop sequence and upstream never told its usage. */
  estimatedUsage: TokenUsage | undefined;
}

/** Which model answered, or was asked where nobody has answered yet; undefined before that. */
export function modelOf({ routed, opened }: Pick<Progress, 'routed' | 'opened'>): OpenedCall['model'] | undefined {
  return routed?.answer.model ?? opened?.model;
}

const noModels: readonly string[] = [];

/** A call of which nothing is known but when it came (monotonic milliseconds) and what the edge dropped. */
export function progressFrom(startedMs: number, droppedParams: readonly string[]): Progress {
  return {
    startedMs,
    admissionStartedMs: undefined,
    modelLabel: undefined,
    modelGroup: undefined,
    limitedModels: noModels,
    deployment: undefined,
    ticket: undefined,
    content: undefined,
    attempts: 0,
    reasoningDropped: 0,
    opened: undefined,
    isWorking: false,
    upstreamStartedMs: undefined,
    firstContentMs: undefined,
    isBegun: false,
    routed: undefined,
    end: undefined,
    droppedParams,
    told: undefined,
    rest: undefined,
    endedMs: undefined,
    estimatedUsage: undefined,
  };
}
