import { z } from 'zod';
import { type StartConditions } from '../config/load-settings';
import { callGateway, notOurs, refusalOf } from './gateway-call';
import { gatewayWords } from './gateway-words';
import { withPlainErrors } from './login-words';
import { textTable } from './text-table';

const answerSchema = z.looseObject({
  checked: z.number(),
  mismatches: z.array(
    z.looseObject({ scope: z.string(), id: z.string(), field: z.string(), ledger: z.number(), counter: z.number() }),
  ),
  repaired: z.number(),
  took_ms: z.number(),
});

/** A ledger of a million rows is read through; milliseconds. */
const answerMs = 600_000;

/**
 * Has a running gateway compare its books and put them right; with `--dry-run` only compare.
 *
 * @returns 1 when figures differ that were not put right.
 */
export function reconcileCommand(conditions: StartConditions): Promise<number> {
  return withPlainErrors(async () => {
    const { settings, address, json, dryRun } = gatewayWords(conditions);
    const question = { method: 'POST', path: '/spend/reconcile', body: { repair: !dryRun }, answerMs } as const;
    const [answer] = await callGateway(settings, address, [question]);
    if (answer?.status !== 200) throw refusalOf(answer?.status ?? 0, 'only its master key or an admin may ask');
    const read = answerSchema.safeParse(answer.json);
    if (!read.success) throw notOurs();
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
