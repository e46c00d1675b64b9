import { z } from 'zod';
import { type StartConditions } from '../config/load-settings';
import { askGateway } from './gateway-call';
import { gatewayWords } from './gateway-words';
import { CommandRefused, withPlainErrors } from './login-words';
import { textTable } from './text-table';

const answerSchema = z.looseObject({
  checked: z.number(),
  mismatches: z.array(
    z.looseObject({ scope: z.string(), id: z.string(), field: z.string(), ledger: z.number(), counter: z.number() }),
  ),
  repaired: z.number(),
  took_ms: z.number(),
});

/**
 * Has a running gateway compare its books and put them right; with `--dry-run` only compare.
 *
 * @returns 1 when figures differ that were not put right.
 */
export function reconcileCommand(conditions: StartConditions): Promise<number> {
  return withPlainErrors(async () => {
    const { settings, address, json, dryRun } = gatewayWords(conditions);
    const question = { method: 'POST', path: '/spend/reconcile', body: { repair: !dryRun } } as const;
    const read = answerSchema.safeParse(await askGateway(settings, address, question));
    if (!read.success) throw new CommandRefused('That address does not answer like a Codex Gateway.');
    const { mismatches, repaired } = read.data;
    process.stdout.write(`${json ? JSON.stringify(read.data, null, 2) : page(read.data)}\n`);
    return mismatches.length > repaired ? 1 : 0;
  });
}

function page({ checked, mismatches, repaired, took_ms }: z.infer<typeof answerSchema>): string {
  const sum = `${checked} figures compared in ${Math.round(took_ms)} ms: ${mismatches.length} differ, ${repaired} were put right.`;
  if (mismatches.length === 0) return sum;
  const rows = mismatches.map(({ scope, id, field, ledger, counter }) => [scope, id, field, ledger, counter]);
  return [...textTable(['OF', 'ID', 'FIGURE', 'LEDGER', 'COUNTER'], rows), sum].join('\n');
}
