import { Module } from '@nestjs/common';
import { testKnobs } from '../config/test-knobs';
import { CredentialsModule } from '../state/credentials/credentials.module';
import { AccessTokens } from './access-tokens';
import { LoginFiles } from './login-files';
import { FailPoints, KillingFailPoints } from './refresh/fail-point';
import { RefresherFactory } from './refresh/refresher-factory';
import { OutboundTokenEndpoint, TokenEndpoint } from './refresh/token-endpoint';
import { RefreshedAccessTokens } from './refreshed-access-tokens';

/** Upstream logins. `TokenIdentity` comes from the upstream floor, through its global module. */
@Module({
  imports: [CredentialsModule],
  providers: [
    { provide: LoginFiles, useFactory: () => new LoginFiles() },
    { provide: TokenEndpoint, useClass: OutboundTokenEndpoint },
    { provide: FailPoints, useFactory: () => new KillingFailPoints(testKnobs().failAt) },
    RefresherFactory,
    RefreshedAccessTokens,
    { provide: AccessTokens, useExisting: RefreshedAccessTokens },
  ],
  exports: [AccessTokens, RefreshedAccessTokens],
})
export class AuthModule {}
