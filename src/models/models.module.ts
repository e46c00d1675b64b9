import { Module } from '@nestjs/common';
import { CatalogReader } from './catalog-reader';
import { ModelCatalog } from './model-catalog';
import { SharedCatalogs } from './shared-catalogs';

/** What the accounts offer. `CatalogSource` comes from the upstream floor, through its global module. */
@Module({
  providers: [SharedCatalogs, CatalogReader, ModelCatalog],
  exports: [ModelCatalog],
})
export class ModelsModule {}
