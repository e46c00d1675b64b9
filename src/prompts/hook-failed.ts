import { GatewayError } from '../kernel/errors';

/** What a throwing hook becomes: 500 `hook_failed`, its cause for the log only. A hook may refuse by a `GatewayError`. */
export function hookFailed(cause: unknown): GatewayError {
  if (cause instanceof GatewayError) return cause;
  return new GatewayError({
    status: 500,
    type: 'internal_server_error',
    code: 'hook_failed',
    message:
      'A hook module of this gateway failed (codex_hooks). Its operator finds the reason in the log under the request id.',
    cause,
  });
}
