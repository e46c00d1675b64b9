/** Two accounts of which the first is asked first. */
export const firstThenSecond = [
  { account: 'first', params: 'weight: 1' },
  { account: 'second', params: 'weight: 0' },
];

/** One further try, at once, as often as one likes. */
export const oneRetry = `
router_settings:
  routing_strategy: simple-shuffle
  num_retries: 1
  queue_timeout: 0
  quota_poll_seconds: 0
  retry_budget: { percent: 100, minimum: 100000 }
`;
