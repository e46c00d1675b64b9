import { Module } from '@nestjs/common';
import { ModelsModule } from '../models/models.module';
import { UpstreamModule } from '../upstream/upstream.module';
import { ModelGroups } from './model-groups';
import { Router } from './router';

/** Which deployments serve a name, and which of them answers. */
@Module({
  imports: [ModelsModule, UpstreamModule],
  providers: [ModelGroups, Router],
  exports: [ModelGroups, Router],
})
export class RoutingModule {}
