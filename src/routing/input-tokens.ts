import { type UpstreamCall } from '../upstream/upstream';

/** Characters of a token, as prose and code have them. */
const charactersPerToken = 4;

/** About how many tokens the input of a call has. Ciphertext and pictures are left out: they say little about it. */
export function inputTokensOf(call: UpstreamCall): number {
  if (call.kind === 'native') return Math.ceil(call.body.length / charactersPerToken);
  const { instructions, tools, input } = call.request;
  return Math.ceil(charactersIn([instructions, tools, input]) / charactersPerToken);
}

const unread: ReadonlySet<string> = new Set(['encrypted_content', 'image_url', 'file_data']);

function charactersIn(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 0;
  let sum = 0;
  for (const [name, inner] of Object.entries(value)) {
    if (!unread.has(name)) sum += charactersIn(inner);
  }
  return sum;
}
