import { Module } from '@nestjs/common';
import { AccessTokens } from './access-tokens';
import { FileAccessTokens } from './file-access-tokens';

/** Upstream logins. `TokenIdentity` comes from the upstream floor, through its global module. */
@Module({
  providers: [{ provide: AccessTokens, useClass: FileAccessTokens }],
  exports: [AccessTokens],
})
export class AuthModule {}
