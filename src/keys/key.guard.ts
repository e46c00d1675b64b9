import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { type FastifyRequest } from 'fastify';
import { SETTINGS } from '../config/config.module';
import { type Settings } from '../config/settings';
import { callContextOf } from '../http/call-context';
import { authenticationFailed } from '../kernel/errors';
import { type Principal } from '../kernel/principal';
import { carriedKey } from './key-carrier';
import { KeyAuthenticator } from './key-authenticator';
import { publicRoute } from './public.decorator';

const noKey =
  'Authentication Error, No api key passed in. Send your gateway key as "Authorization: Bearer sk-..." or in x-api-key.';
/** The same words for every wrong key, so that guessing learns nothing. */
const wrongKey =
  'Authentication Error, Invalid api key passed in. Check the key, or ask the operator of this gateway for one.';

/** Denies by default: every route without `@Public()` needs a key. Runs before the body is read. */
@Injectable()
export class KeyGuard implements CanActivate {
  private readonly publicHandlers = new WeakMap<object, boolean>();

  constructor(
    private readonly keys: KeyAuthenticator,
    private readonly reflector: Reflector,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'keyHeaderName'>,
  ) {}

  canActivate(execution: ExecutionContext): true | Promise<true> {
    if (this.isPublic(execution)) return true;
    return this.admit(execution.switchToHttp().getRequest<FastifyRequest>());
  }

  /** Asked once for each handler: reading metadata costs more than checking a key. */
  private isPublic(execution: ExecutionContext): boolean {
    const handler = execution.getHandler();
    const known = this.publicHandlers.get(handler);
    if (known !== undefined) return known;
    const targets = [handler, execution.getClass()];
    const isPublic = this.reflector.getAllAndOverride<boolean | undefined>(publicRoute, targets) === true;
    this.publicHandlers.set(handler, isPublic);
    return isPublic;
  }

  /**
   * Finds the holder and hangs it on the call context; for public routes that decide for themselves.
   * @throws {GatewayError} 401
   */
  admit(request: FastifyRequest): true | Promise<true> {
    const secret = carriedKey(request.raw.headers, this.settings.keyHeaderName);
    if (secret === undefined) throw authenticationFailed(noKey);
    const holder = this.keys.authenticate(secret);
    if (holder instanceof Promise) return holder.then((principal) => this.welcome(request, principal));
    return this.welcome(request, holder);
  }

  private welcome(request: FastifyRequest, principal: Principal | undefined): true {
    if (principal === undefined) throw authenticationFailed(wrongKey);
    callContextOf(request).principal = principal;
    return true;
  }
}
