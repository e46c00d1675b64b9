import { type FileSections } from './settings-sources';

/** How calls are spread over deployments, tried again and passed on. Milliseconds where a name ends in `Ms`. */
export interface RoutingSettings {
  /** Tries after the first one, unless deployment or request say otherwise. */
  readonly numRetries: number;
}

/** From `router_settings`, then `litellm_settings`. */
export function readRouting({ litellm, router }: FileSections): RoutingSettings {
  return { numRetries: router.num_retries ?? litellm.num_retries ?? 2 };
}
