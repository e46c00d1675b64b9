import { type ExecutionContext, Injectable } from '@nestjs/common';
import { ThrottlerGuard, type ThrottlerLimitDetail } from '@nestjs/throttler';
import { type FastifyRequest } from 'fastify';
import { callContextOf } from '../http/call-context';
import { GatewayError } from '../kernel/errors';

/** Calls of management routes that one key may make in a minute. */
export const managementLimit = { name: 'management', ttl: 60_000, limit: 1_200 };

/** Keeps a script gone wild from keeping the state busy: counts by key, behind the key guard. */
@Injectable()
export class ManagementThrottlerGuard extends ThrottlerGuard {
  protected override getTracker(request: FastifyRequest): Promise<string> {
    return Promise.resolve(callContextOf(request).principal?.keyHash ?? callContextOf(request).clientIp);
  }

  /** One count for all routes. */
  protected override generateKey(_context: ExecutionContext, tracker: string, name: string): string {
    return `${name} ${tracker}`;
  }

  protected override throwThrottlingException(_: ExecutionContext, detail: ThrottlerLimitDetail): Promise<void> {
    throw new GatewayError({
      status: 429,
      type: 'throttling_error',
      code: 'rate_limit_exceeded',
      message: `Too many management calls: at most ${detail.limit} in a minute with one key. Wait, then go on.`,
      limit: 'management_requests',
      remaining: 0,
      retryAfterMs: detail.timeToBlockExpire * 1_000,
      author: 'key',
    });
  }
}
