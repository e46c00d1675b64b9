import { type DynamicModule, Global, Module } from '@nestjs/common';
import { type CodexHooks } from '../config/hooks';

/** Token of the hook modules named in `codex_hooks`, in order; usually an empty list. */
export const HOOKS = Symbol('codex-hooks');

/** Gives the operator's extensions to the rooms that call them. */
@Global()
@Module({})
export class HooksModule {
  static of(hooks: readonly CodexHooks[]): DynamicModule {
    return { module: HooksModule, providers: [{ provide: HOOKS, useValue: hooks }], exports: [HOOKS] };
  }
}
