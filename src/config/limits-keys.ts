import { isTimeZone } from '../kernel/periods';
import { z } from 'zod';
import { customerKeys, headerName } from './customer-keys';
import { count, key, reading, readCount, text } from './file-values';

const unitMs: ReadonlyMap<string, number> = new Map([
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 7 * 86_400_000],
  ['mo', 30 * 86_400_000],
]);
const span = reading(readSpan, 'must be seconds, or a duration such as 30d, 12h or 1mo');
const timeZone = text.refine(isTimeZone, { error: 'must be the name of a time zone, such as Europe/Berlin' });
const zoneWords = 'zone in which the days, weeks and months of budgets begin';

/** Keys of the file that the limits settings are read from, by section; `gateway-file.schema.ts` spreads them. */
export const limitsKeys = {
  general: {
    ...customerKeys,
    timezone: key(timeZone, zoneWords),
    maximum_spend_logs_retention_period: key(span, 'age at which rows of the spend log go to the archive'),
    maximum_spend_logs_retention_interval: key(span, 'how often rows that are too old are looked for'),
    maximum_spend_logs_rows: key(count, 'rows of the spend log beyond which the oldest go to the archive'),
    spend_logs_archive_dir: key(text, 'folder for the archive of the spend log'),
  },
  litellm: {
    timezone: key(timeZone, zoneWords),
    extra_spend_tag_headers: key(
      z.array(headerName, { error: 'must be a list of headers' }),
      'headers whose values are tags, as `name: value`',
    ),
  },
  router: {},
  /** `litellm_params` of a deployment. */
  deployment: {},
} as const;

/** Seconds, or a count with its unit; milliseconds inside. Undefined for what is neither, or nothing. */
function readSpan(value: unknown): number | undefined {
  const [, digits, unit = ''] = typeof value === 'string' ? (/^\s*(\d{1,9})(s|m|h|d|w|mo)\s*$/.exec(value) ?? []) : [];
  const amount = digits === undefined ? readCount(value) : Number(digits);
  const factor = digits === undefined ? 1_000 : unitMs.get(unit);
  const ms = (amount ?? 0) * (factor ?? 0);
  return Number.isSafeInteger(ms) && ms > 0 ? ms : undefined;
}
