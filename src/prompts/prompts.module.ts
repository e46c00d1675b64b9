import { Module } from '@nestjs/common';
import { TIME_LIMITS } from '../config/config.module';
import { Instructions } from './instructions';
import { OfficialInstructionsSource } from './official-instructions';
import { PromptFetcher } from './prompt-fetcher';
import { PROMPT_TIMES, promptTimes } from './prompt-times';
import { ReleaseHost } from './release-host';
import { ReleasePrompts } from './release-prompts';

/** The official text for a model, with the operator's changes; cached where all replicas find it. */
@Module({
  providers: [
    ReleaseHost,
    PromptFetcher,
    ReleasePrompts,
    { provide: PROMPT_TIMES, useFactory: promptTimes, inject: [TIME_LIMITS] },
    { provide: Instructions, useClass: OfficialInstructionsSource },
  ],
  exports: [Instructions],
})
export class PromptsModule {}
