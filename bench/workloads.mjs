/**
 * The calls that are measured. A workload is one kind of call with one kind of answer; each gets its own mock upstream,
 * so the gateway under test sees an ordinary backend and never a header that tells it about the benchmark.
 */

/** The model that every call names: the one listed model that takes the ordinary request profile. */
export const benchModel = 'gpt-5.5';

/** Deltas repeat this cycle: short words, an escaped quote, a line break and text beyond ASCII, as answers have. */
const deltaCycle = [
  'The ',
  'gate',
  'way ',
  'said ',
  '"yes"',
  ', then',
  '\n',
  'caf\u00e9 ',
  '\u2013 ',
  '\u6771\u4eac',
  ' done',
  '. ',
];

/** The texts of `count` deltas. */
export function deltaTexts(count) {
  return Array.from({ length: count }, (_, index) => deltaCycle[index % deltaCycle.length]);
}

const sentence = 'Please read the module once more and say which of its callers rely on the order of the entries. ';
const foreignSentence = 'Die Prüfung läuft – „später“ heißt hier 今日ではない; the café stays open. ';

/** Text of about `characters`, with one sentence in twenty beyond ASCII. */
function prose(characters) {
  const parts = [];
  for (let length = 0, turn = 1; length < characters; turn += 1) {
    const next = turn % 20 === 0 ? foreignSentence : sentence;
    parts.push(next);
    length += next.length;
  }
  return parts.join('').slice(0, characters);
}

/** The official prompt of the mock catalog: what the gateway and the translator both put into every upstream body. */
export const catalogInstructions = `You are the coding agent of a benchmark. ${prose(1_000)}`;

function shortCall(stream) {
  return {
    model: benchModel,
    stream,
    messages: [
      { role: 'system', content: 'You answer briefly.' },
      { role: 'user', content: prose(900) },
    ],
  };
}

function agentTool(index) {
  return {
    type: 'function',
    function: {
      name: `workspace_tool_${index}`,
      description: prose(900),
      parameters: {
        type: 'object',
        properties: {
          path: { type: 'string', description: prose(120) },
          pattern: { type: 'string', description: prose(120) },
          limit: { type: 'integer', minimum: 1, maximum: 500 },
          flags: { type: 'array', items: { type: 'string', enum: ['deep', 'quiet', 'follow'] } },
        },
        required: ['path'],
        additionalProperties: false,
      },
    },
  };
}

/** An agent's late turn: a long history of tool calls and their outputs, 24 tools, about 400 KB in all. */
function agentCall() {
  const messages = [
    { role: 'system', content: prose(6_000) },
    { role: 'user', content: prose(2_000) },
  ];
  for (let turn = 0; turn < 60; turn += 1) {
    const id = `call_${turn}`;
    const callArguments = JSON.stringify({ path: `src/part-${turn}.ts`, pattern: 'export', limit: 40 });
    messages.push({
      role: 'assistant',
      content: null,
      tool_calls: [{ id, type: 'function', function: { name: 'workspace_tool_3', arguments: callArguments } }],
    });
    messages.push({ role: 'tool', tool_call_id: id, content: `${prose(5_400)}\n{"line":"quoted \\"text\\""}` });
    if (turn % 10 === 9) messages.push({ role: 'user', content: prose(400) });
  }
  const tools = Array.from({ length: 24 }, (_, index) => agentTool(index));
  return { model: benchModel, stream: true, messages, tools, tool_choice: 'auto' };
}

/**
 * Fields: `deltas` per answer; `burst` deltas the mock writes at once; `paceMs` between deltas (0: as fast as they go);
 * `firstTokenMs` of silence before the first; `concurrency` callers; `seconds` of one round; `stall` leaves the stream
 * open after its first delta; `fresh` starts the targets anew for every round; `misses` counts what V8's caches miss instead
 * of CPU; `targets` are compared instead of the usual ones; `needsRedis` leaves it out where none is installed; `tear` makes
 * the mock write pieces of that many bytes, for the check before measuring.
 */
const shapes = [
  { name: 'torn', title: 'Check: frames torn at odd bytes', call: () => shortCall(true), deltas: 64, tear: 97 },
  {
    name: 'w1',
    title: 'Chat, one JSON answer of 64 deltas, 64 callers',
    call: () => shortCall(false),
    concurrency: 64,
  },
  { name: 'w2', title: 'Streamed chat of 64 deltas, 64 callers', call: () => shortCall(true), concurrency: 64 },
  {
    name: 'w2r',
    title: 'The same, over 20 deployments with an account each',
    call: () => shortCall(true),
    concurrency: 64,
    targets: ['translator', 'gateway', 'routed'],
    fresh: true,
  },
  {
    name: 'w2e',
    title: 'The same, everything on: a limited key, budgets, Redis',
    call: () => shortCall(true),
    concurrency: 64,
    targets: ['translator', 'everything'],
    needsRedis: true,
  },
  {
    name: 'w2lo',
    title: 'The same, one caller',
    call: () => shortCall(true),
    concurrency: 1,
    seconds: 2,
    direct: true,
  },
  {
    name: 'w3',
    title: 'Paced streams, 100 deltas 10 ms apart, 100 callers',
    call: () => shortCall(true),
    deltas: 100,
    burst: 1,
    paceMs: 10,
    firstTokenMs: 200,
    concurrency: 100,
    seconds: 5,
  },
  {
    name: 'w4',
    title: '400 KB body with 24 tools, streamed, 16 callers',
    call: agentCall,
    concurrency: 16,
    blockCalls: 15,
  },
  {
    name: 'w2m',
    title: 'As w2, with metrics and logs and without',
    call: () => shortCall(true),
    concurrency: 64,
    targets: ['translator', 'unobserved', 'observed'],
    fresh: true,
  },
  {
    name: 'w2t',
    title: 'As w2, with traces and without',
    call: () => shortCall(true),
    concurrency: 64,
    targets: ['translator', 'gateway', 'traced'],
    fresh: true,
  },
  {
    name: 'w2i',
    title: 'As w2e and w2t, when all is warm',
    call: () => shortCall(true),
    concurrency: 64,
    targets: ['everything', 'traced'],
    needsRedis: true,
    misses: true,
  },
  {
    name: 'w5',
    title: '2 000 idle streams',
    call: () => shortCall(true),
    concurrency: 2_000,
    deltas: 1,
    stall: true,
    // As large as Node would let it grow: whether it grows before or after the first look is up to 7 KiB a stream.
    nodeFlags: ['--min-semi-space-size=16', '--max-semi-space-size=16'],
  },
];

const usual = {
  deltas: 64,
  burst: 8,
  paceMs: 0,
  firstTokenMs: 0,
  concurrency: 1,
  seconds: 3,
  blockCalls: 0,
  further: [],
  nodeFlags: [],
};

/** Every workload by name, `torn` (the correctness check) among them. */
export const workloads = new Map(
  shapes.map((shape) => [
    shape.name,
    {
      ...usual,
      stall: false,
      fresh: false,
      misses: false,
      tear: 0,
      direct: false,
      ...shape,
      call: undefined,
      body: shape.call(),
    },
  ]),
);

/** The names that can be measured, in the order of the table. */
export const measuredNames = [...workloads.keys()].filter((name) => name !== 'torn');

/** @throws {Error} for a name that is no workload. */
export function workloadNamed(name) {
  const workload = workloads.get(name);
  if (workload === undefined) throw new Error(`No workload is called ${name}; there are ${measuredNames.join(', ')}.`);
  return workload;
}
