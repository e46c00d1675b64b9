import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { chatToCanonical } from '../chat/chat-to-canonical';
import { type CanonicalRequest } from '../canonical/canonical-request';
import { type MappingOptions } from '../mapping-options';
import { responsesToCanonical } from '../responses/responses-to-canonical';
import { encodeWire } from '../wire/wire-text';
import { codexBody } from './codex-body';
import { type CodexPlan } from './codex-plan';

const options: MappingOptions = {
  dropParams: true,
  maxImageBytes: 1_000,
  alwaysIncludeStreamUsage: false,
  hash: (text) => createHash('sha256').update(text).digest('hex'),
};
/** Ends in a character whose last byte looks like a blank, as do the words put around it. */
const official = ` ${'Vous êtes Codex. '.repeat(20)}voilà\n`;
const foreign = `You are opencode, an interactive CLI tool. ${'à '.repeat(1_200)}`;
const plan: CodexPlan = {
  slug: 'gpt-5.5',
  profile: 'ordinary',
  instructions: encodeWire(official),
  officialMode: true,
  fromCodexCli: false,
  supportsVerbosity: true,
  supportsParallelToolCalls: true,
  efforts: [],
  ultraEffort: 'xhigh',
  serviceTiers: ['priority'],
};
const plans = (['ordinary', 'lite'] as const).flatMap((profile) =>
  [true, false].map(
    (officialMode) => [profile, officialMode ? 'on' : 'off', { ...plan, profile, officialMode }] as const,
  ),
);

/** Words of any script, of bytes that look like blanks, and around the prompts that are looked for. */
const characters = fc.string({ unit: fc.constantFrom('à', '\u00a0', ' ', '\n', '東', '🌍', 'a', '\u2028', '\ufeff') });
const words = fc
  .tuple(fc.oneof(characters, fc.string({ unit: 'binary' })), fc.constantFrom('', official, official.trim(), foreign))
  .chain(([own, prompt]) => fc.constantFrom(`${prompt}${own}`, `${own}${prompt}`, `${own}${prompt}<env>${own}`))
  .filter((text) => text !== '');
const longId = fc.string({ unit: 'binary', minLength: 90, maxLength: 130 });

const chats = fc.tuple(words, words, longId).map(([system, said, callId]) => ({
  model: 'm',
  messages: [
    { role: 'system', content: system },
    { role: 'user', content: said },
    {
      role: 'assistant',
      content: said,
      tool_calls: [{ id: said, type: 'function', function: { name: said, arguments: said } }],
    },
    { role: 'tool', tool_call_id: said, content: said },
    { role: 'tool', tool_call_id: callId, content: said },
  ],
  tools: [{ type: 'function', function: { name: said, description: said, parameters: { description: said } } }],
  response_format: { type: 'json_schema', json_schema: { name: 'n', description: said, schema: { title: said } } },
}));
const responses = fc.tuple(words, words, longId).map(([system, said, callId]) => ({
  model: 'm',
  instructions: system,
  input: [
    { role: 'developer', content: system },
    { role: 'user', content: [{ type: 'input_text', text: said }] },
    { type: 'reasoning', summary: [{ type: 'summary_text', text: said }], encrypted_content: said },
    { type: 'function_call_output', call_id: callId, output: said },
  ],
  tools: [{ type: 'function', name: said, parameters: { description: said } }, { type: said }],
  client_metadata: { note: said },
}));

/** As the edge reads a body that it does not decode. */
function read(
  body: unknown,
  map: (json: unknown, by: MappingOptions) => { canonical: CanonicalRequest },
): CanonicalRequest {
  return map(JSON.parse(encodeWire(JSON.stringify(body))), options).canonical;
}

describe.each(plans)('a body of wire text, profile %s, CODEX_MODE %s', (_profile, _mode, by) => {
  it.each([
    ['chat', chats.map((body) => read(body, chatToCanonical))],
    ['responses', responses.map((body) => read(body, responsesToCanonical))],
  ] as const)('is valid UTF-8 whatever the texts of a %s request say', (_dialect, requests) => {
    fc.assert(
      fc.property(requests, (request) => {
        const { body, dropped } = codexBody(request, by);
        const written = JSON.stringify(body);
        expect(isUtf8(Buffer.from(written, 'latin1'))).toBe(true);
        // Nothing may be more than a byte, which writing would cut.
        expect(written).not.toMatch(/[^\u0000-\u00ff]/);
        expect(dropped.join()).toMatch(/^[\x21-\x7e]*$/);
      }),
      { numRuns: 150 },
    );
  });
});

it('keeps the last character of a prompt that is cleaned', () => {
  const request = read(
    {
      model: 'm',
      input: [
        { role: 'system', content: `${official.trim()} Et voilà` },
        { role: 'user', content: 'x' },
      ],
    },
    responsesToCanonical,
  );
  const [first] = codexBody(request, plan).body['input'] as { content: { text: string }[] }[];
  expect(Buffer.from(first?.content[0]?.text ?? '', 'latin1').toString()).toBe('Et voilà');
});
