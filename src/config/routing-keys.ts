/** Keys of the file that the routing settings are read from, by section; `gateway-file.schema.ts` spreads them. */
export const routingKeys = {
  general: {},
  litellm: {},
  router: {},
  /** `litellm_params` of a deployment. */
  deployment: {},
} as const;
