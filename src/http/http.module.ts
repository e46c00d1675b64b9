import { type DynamicModule, Global, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { Lifecycle } from './lifecycle';
import { OpenAiExceptionFilter } from './openai-exception.filter';

/** Error filter and lifecycle. The lifecycle is made before Nest, because the listener counts with it. */
@Global()
@Module({})
export class HttpModule {
  /** `lifecycle` is the one that `createAdapter` got. */
  static forLifecycle(lifecycle: Lifecycle): DynamicModule {
    return {
      module: HttpModule,
      providers: [
        { provide: Lifecycle, useValue: lifecycle },
        { provide: APP_FILTER, useClass: OpenAiExceptionFilter },
      ],
      exports: [Lifecycle],
    };
  }
}
