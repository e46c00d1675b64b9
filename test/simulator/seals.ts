import { createHash } from 'node:crypto';
import { type Answer, json } from './answer';
import { type SeenRequest } from './journal';
import { type JsonObject, stringOf } from './json';

const unmarked = /"encrypted_content":"gAAAA(?!acct)/g;
const marked = /^gAAAAacct([0-9a-f]{8})_/;

/** The same answer, its ciphertext marked as the account's that asked. Marks nothing that one write tears apart. */
export function sealedFor(seen: SeenRequest, answer: Answer): Answer {
  const mark = `"encrypted_content":"gAAAAacct${markOf(seen)}_`;
  return {
    ...answer,
    steps: (asked) =>
      answer.steps(asked).map((step) => {
        if (step.kind !== 'write' || !step.bytes.includes('"encrypted_content":"gAAAA')) return step;
        return { kind: 'write', bytes: Buffer.from(step.bytes.toString('utf8').replace(unmarked, mark), 'utf8') };
      }),
  };
}

/** 400 for ciphertext that bears the mark of another account; undefined when there is none. */
export function refusalOfForeignSeals(seen: SeenRequest, input: readonly JsonObject[]): Answer | undefined {
  const own = markOf(seen);
  const at = input.findIndex((item) => {
    const mark = marked.exec(stringOf(item['encrypted_content']) ?? '')?.[1];
    return mark !== undefined && mark !== own;
  });
  if (at === -1) return undefined;
  const message = 'The encrypted content could not be verified.';
  const param = `input[${at}].encrypted_content`;
  return json(400, { error: { message, type: 'invalid_request_error', param, code: 'invalid_encrypted_content' } });
}

function markOf({ headers }: SeenRequest): string {
  return createHash('sha256')
    .update(headers['chatgpt-account-id'] ?? '')
    .digest('hex')
    .slice(0, 8);
}
