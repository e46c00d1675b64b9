import { Module } from '@nestjs/common';
import { ModelsModule } from '../models/models.module';
import { RoutingModule } from '../routing/routing.module';
import { ServingModule } from '../serving/serving.module';
import { AuthModule } from '../auth/auth.module';
import { AccountListController } from './account-list.controller';
import { AnsweringService } from './answering.service';
import { CompletionsController } from './completions.controller';
import { DocsController } from './docs.controller';
import { ModelInfo } from './model-info';
import { ModelListing } from './model-listing';
import { ModelsController } from './models.controller';
import { NativeController } from './native.controller';
import { OfferedModels } from './offered-models';
import { ResponsesController } from './responses.controller';
import { TransformController } from './transform.controller';

/** The doors for clients, one for each dialect. */
@Module({
  imports: [AuthModule, ModelsModule, RoutingModule, ServingModule],
  controllers: [
    CompletionsController,
    ResponsesController,
    NativeController,
    ModelsController,
    TransformController,
    AccountListController,
    DocsController,
  ],
  providers: [AnsweringService, OfferedModels, ModelListing, ModelInfo],
})
export class ApiModule {}
