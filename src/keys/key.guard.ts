import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { type FastifyRequest } from 'fastify';
import { SETTINGS } from '../config/config.module';
import { type Settings } from '../config/settings';
import { cameByAdminDoor } from '../http/admin-door';
import { type CallContext, callContextOf } from '../http/call-context';
import { authenticationFailed, GatewayError, routeElsewhere } from '../kernel/errors';
import { type Principal } from '../kernel/principal';
import { addressName, failureRule, HitCounter } from './hit-counter';
import { KeyAuthenticator } from './key-authenticator';
import { carriedKey } from './key-carrier';
import { addressDenied, networkDenied, routeClosed, routeDenied, tooManyFailures, unknownKey } from './key-refusals';
import { isWithin, type Network, parseNetwork } from '../kernel/networks';
import { isNamed, routeRefusal } from './route-access';
import { routeRule, type RouteRule, unclassified } from './route-group.decorator';

const noKey =
  'Authentication Error, No api key passed in. Send your gateway key as "Authorization: Bearer sk-..." or in x-api-key.';

/**
 * Denies by default: every route that is not `public` needs a key, and one that its role, its `allowed_routes` and its
 * networks let in. Runs before the body is read.
 */
@Injectable()
export class KeyGuard implements CanActivate {
  private readonly rules = new WeakMap<object, RouteRule>();
  /** Read once a key, as long as somebody has its principal. */
  private readonly networks = new WeakMap<Principal, readonly Network[]>();

  /** Of all keys; undefined: every network. */
  private readonly allowed: readonly Network[] | undefined;
  /** For all keys; undefined: every route. */
  private readonly open: readonly string[] | undefined;

  constructor(
    private readonly keys: KeyAuthenticator,
    private readonly failures: HitCounter,
    private readonly reflector: Reflector,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'keyHeaderName' | 'observability' | 'keys'>,
  ) {
    this.allowed = settings.keys.allowedNetworks?.flatMap((network) => parseNetwork(network) ?? []);
    this.open = settings.keys.allowedRoutes;
  }

  canActivate(execution: ExecutionContext): true | Promise<true> {
    const rule = this.ruleOf(execution);
    const request = execution.switchToHttp().getRequest<FastifyRequest>();
    if (this.settings.observability.adminPort !== undefined) assertDoor(request, rule);
    if (rule.kind === 'public') return true;
    return this.admit(request, rule);
  }

  /** Asked once for each handler: reading metadata costs more than checking a key. */
  private ruleOf(execution: ExecutionContext): RouteRule {
    const handler = execution.getHandler();
    const known = this.rules.get(handler);
    if (known !== undefined) return known;
    const targets = [handler, execution.getClass()];
    const rule = this.reflector.getAllAndOverride<RouteRule | undefined>(routeRule, targets) ?? unclassified;
    this.rules.set(handler, rule);
    return rule;
  }

  /**
   * Finds the holder and hangs it on the call context; for public routes that decide for themselves.
   * @throws {GatewayError} 401, 403, 429 for an address that sent too many wrong keys, 503 when nobody can say.
   */
  admit(request: FastifyRequest, rule: RouteRule = metricsRule): true | Promise<true> {
    const secret = carriedKey(request.raw.headers, this.settings.keyHeaderName);
    const context = callContextOf(request);
    if (this.allowed !== undefined && !isWithin(context.clientIp, this.allowed)) throw addressDenied(context.clientIp);
    if (secret === undefined) throw authenticationFailed(noKey);
    try {
      const holder = this.keys.authenticate(secret);
      if (!(holder instanceof Promise)) return this.welcome(request, holder, rule);
      return holder
        .then((principal) => this.welcome(request, principal, rule))
        .catch((error: unknown) => {
          throw this.counted(context, error);
        });
    } catch (error) {
      throw this.counted(context, error);
    }
  }

  private welcome(request: FastifyRequest, principal: Principal | undefined, rule: RouteRule): true {
    if (principal === undefined) throw unknownKey();
    const context = callContextOf(request);
    context.principal = principal;
    const { policy } = principal;
    if (policy.networks !== undefined && !isWithin(context.clientIp, this.networksOf(principal, policy.networks)))
      throw networkDenied(context.clientIp);
    // The way of nearly every request: nothing to compare.
    if (rule.roles === 'everyone' && policy.allowedRoutes === undefined && this.open === undefined) return true;
    const path = pathOf(request.url);
    if (this.open !== undefined && !isNamed(this.open, rule, path)) throw routeClosed(path);
    const reason = routeRefusal(principal, rule, path);
    if (reason !== undefined) throw routeDenied(path, reason);
    return true;
  }

  /**
   * Holds whoever was let in to what it may call beside what every key asks about itself: for an `always` route of information
   * that was asked about somebody else.
   *
   * @throws {GatewayError} 403, 404 at the door that does not have such routes.
   */
  assertNotOnlyOwn(request: FastifyRequest): void {
    const rule: RouteRule = { kind: 'info', roles: 'everyone', always: false };
    if (this.settings.observability.adminPort !== undefined) assertDoor(request, rule);
    this.welcome(request, callContextOf(request).principal, rule);
  }

  private networksOf(principal: Principal, written: readonly string[]): readonly Network[] {
    const known = this.networks.get(principal);
    if (known !== undefined) return known;
    const read = written.flatMap((network) => parseNetwork(network) ?? []);
    this.networks.set(principal, read);
    return read;
  }

  /**
   * Runs what tells whether a key exists: the making of one with a value of its own. A value that is taken counts as a wrong
   * key, and an address that guessed too often is told nothing.
   *
   * @throws {GatewayError} 429, and whatever `work` throws.
   */
  async guessing<T>(clientIp: string, work: () => Promise<T>): Promise<T> {
    const name = addressName(clientIp);
    const waitMs = this.failures.blockedForMs(name);
    if (waitMs > 0) throw tooManyFailures(waitMs);
    try {
      return await work();
    } catch (error) {
      if (error instanceof GatewayError && error.code === 'already_exists' && error.param === 'key')
        this.failures.hit(name, failureRule);
      throw error;
    }
  }

  /** A wrong key counts against its address; a right one never asks here. */
  private counted(context: CallContext, error: unknown): unknown {
    if (!(error instanceof GatewayError) || error.status !== 401) return error;
    const { blockedForMs } = this.failures.hit(addressName(context.clientIp), failureRule);
    return blockedForMs > 0 ? tooManyFailures(blockedForMs) : error;
  }
}

/**
 * With a port for admins each door has its routes: there everything but the calls of models, here these and what a holder
 * asks about itself. Before any key is looked at, so that a route behind the other door is not there at all; which door it
 * is behind is no secret, since /openapi.json lists the routes.
 */
function assertDoor({ raw, method, url }: FastifyRequest, { kind, always }: RouteRule): void {
  const isAdminDoor = cameByAdminDoor(raw);
  const isHere = isAdminDoor ? kind !== 'llm_api' || always : kind === 'llm_api' || kind === 'public' || always;
  if (!isHere) throw routeElsewhere(method, pathOf(url), isAdminDoor ? 'PORT' : 'ADMIN_PORT');
}

/** `/metrics`, when it asks for a key: it tells of all teams. */
const metricsRule: RouteRule = { kind: 'info', roles: 'readers', always: false };

function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}
