import { Global, Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module';
import { TokenIdentity } from '../auth/token-identity';
import { CatalogSource } from '../models/catalog-source';
import { ModelsModule } from '../models/models.module';
import { PromptsModule } from '../prompts/prompts.module';
import { CallSender } from './call-sender';
import { CodexCalls } from './codex-call';
import { CodexUpstream } from './codex-upstream';
import { Upstream } from './upstream';
import { UpstreamCatalogSource } from './upstream-catalog-source';
import { UpstreamTokenIdentity } from './upstream-token-identity';
import { UsageSource } from './usage-source';

/**
 * Talking to upstreams. Global, because it binds the ports that `auth` and `models`, one floor below, declare for what
 * only this floor can do.
 */
@Global()
@Module({
  imports: [AuthModule, ModelsModule, PromptsModule],
  providers: [
    CodexCalls,
    CallSender,
    UsageSource,
    { provide: TokenIdentity, useClass: UpstreamTokenIdentity },
    { provide: CatalogSource, useClass: UpstreamCatalogSource },
    { provide: Upstream, useClass: CodexUpstream },
  ],
  exports: [TokenIdentity, CatalogSource, Upstream, UsageSource],
})
export class UpstreamModule {}
