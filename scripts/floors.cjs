/**
 * The floors of the house, lowest first: rooms, and what each is for. A folder of src/ imports floors below it, never above,
 * never a neighbour. Read by .dependency-cruiser.cjs, which checks it, and by scripts/docs.mjs, which draws it.
 */
module.exports = [
  { kernel: 'errors, failures, usage, money, maps that forget, and the ports that every floor may call; pure' },
  { protocol: 'OpenAI, Codex and SSE: reading, writing, translating, pricing; pure' },
  { config: 'environment, config.yaml, what is in force of them, clock, time limits' },
  {
    state: 'what lasts: Redis or files; logins, entities, audit, caches',
    outbound: 'the only way out: allowed origins, proxies, pools',
    telemetry: 'logs, metrics, traces',
  },
  { http: 'error filter, body reader, event streams, the life of the process' },
  {
    auth: 'upstream logins, kept and renewed',
    models: 'what accounts offer, names and aliases',
    prompts: 'official instructions, hooks',
    keys: 'who calls, and what the key may',
    metering: 'the books: slots, windows, holds, ledger',
    reload: 'settings that follow their file',
    workers: 'several processes behind one port',
  },
  { upstream: 'talking to Codex and to Responses APIs' },
  { routing: 'choosing a deployment; the only retry loop', reports: 'reading what was spent' },
  { serving: 'the story of a call: admit, route, call, translate, settle' },
  {
    api: 'the doors of the OpenAI and Codex dialects',
    admin: 'management: keys, teams, budgets, reports',
    metrics: 'the scrape door',
    health: 'probes',
    cli: 'the command line',
  },
];
