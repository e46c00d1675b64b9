import { Module } from '@nestjs/common';
import { CatalogInstructions } from './catalog-instructions';
import { HookedInstructions } from './hooked-instructions';
import { Instructions } from './instructions';

/** The official text for a model, with the operator's changes. */
@Module({
  providers: [CatalogInstructions, { provide: Instructions, useClass: HookedInstructions }],
  exports: [Instructions],
})
export class PromptsModule {}
