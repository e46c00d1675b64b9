import { chatBody, post } from './calls';
import { type TestBench } from './gateway';

/** What went wrong with one request under load. */
export interface LoadFailure {
  readonly status: number | undefined;
  readonly text: string;
}

/** Callers that ask one after the other until they are stopped; half of them, or all, stream. Every answer must be whole. */
export class Load {
  readonly failures: LoadFailure[] = [];
  answered = 0;
  private running = true;
  private readonly callers: Promise<void>[];

  constructor(
    private readonly target: Pick<TestBench, 'url' | 'key'>,
    callers: number,
    private readonly model: string,
    onlyStreams = false,
  ) {
    this.callers = Array.from({ length: callers }, (_, index) => this.call(onlyStreams || index % 2 === 0));
  }

  /** Waits for the answers that are under way. */
  async stop(): Promise<void> {
    this.running = false;
    await Promise.all(this.callers);
  }

  private async call(stream: boolean): Promise<void> {
    while (this.running) {
      try {
        const { status, text } = await post(
          this.target,
          '/v1/chat/completions',
          chatBody({ model: this.model, stream }),
        );
        const whole = stream ? text.includes('data: [DONE]') && !text.includes('"error"') : text.includes('"stop"');
        if (status === 200 && whole) this.answered += 1;
        else this.failures.push({ status, text });
      } catch (error) {
        this.failures.push({
          status: undefined,
          // Errors of Node are of another realm than those of the suite, so not asked what they are an instance of.
          text: String((error as { readonly cause?: unknown }).cause ?? error),
        });
      }
    }
  }
}
