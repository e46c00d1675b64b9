import { Module } from '@nestjs/common';
import { ModelCatalog } from './model-catalog';

/** What the accounts offer. `CatalogSource` comes from the upstream floor, through its global module. */
@Module({
  providers: [ModelCatalog],
  exports: [ModelCatalog],
})
export class ModelsModule {}
