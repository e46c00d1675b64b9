import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../config/config.module';
import { type Settings } from '../config/settings';

/** Answers that are read to their end for nobody at the same time. */
const mostDrains = 32;

/**
 * What becomes of an answer whose client hung up: it is read on for a moment, because the true usage stands at its end, or
 * cancelled at once (`on_client_disconnect: cancel`), which frees the upstream.
 */
@Injectable()
export class GoneClients {
  private drains = 0;

  constructor(@Inject(SETTINGS) private readonly settings: Pick<Settings, 'times' | 'metering'>) {}

  /** Lets the answer run on for `clientGoneDrainMs` or cancels it. @returns how to stop waiting for its end. */
  left(answer: { readonly cancel: () => void }): () => void {
    const { onClientDisconnect } = this.settings.metering;
    if (onClientDisconnect === 'cancel' || this.drains >= mostDrains) {
      answer.cancel();
      return () => undefined;
    }
    this.drains += 1;
    const timer = setTimeout(() => {
      answer.cancel();
    }, this.settings.times.clientGoneDrainMs);
    return () => {
      clearTimeout(timer);
      this.drains -= 1;
    };
  }
}
