/** Keys of the file that the observability settings are read from, by section; `gateway-file.schema.ts` spreads them. */
export const observabilityKeys = {
  general: {},
  litellm: {},
  router: {},
  /** `litellm_params` of a deployment. */
  deployment: {},
} as const;
