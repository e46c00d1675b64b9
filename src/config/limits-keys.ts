/** Keys of the file that the limits settings are read from, by section; `gateway-file.schema.ts` spreads them. */
export const limitsKeys = {
  general: {},
  litellm: {},
  router: {},
  /** `litellm_params` of a deployment. */
  deployment: {},
} as const;
