import { z } from 'zod';
import { key, reading, readTexts, seconds } from './file-values';

const names = reading(readTexts, 'must be a name or a list of names');
const urlsByType = reading(
  readUrlsByType,
  'must be a map of alert types, each with a Slack webhook URL or a list of them',
);

/** Keys of the file that the alert settings are read from, by section; `gateway-file.schema.ts` spreads them. */
export const alertKeys = {
  general: {
    alerting: key(names, 'where alerts go: slack (SLACK_WEBHOOK_URL), webhook (WEBHOOK_URL)'),
    alert_types: key(names, 'which alerts are sent; without it all but spend_tracked'),
    alert_to_webhook_url: key(urlsByType, 'Slack webhooks of single alert types'),
    alerting_args: key(
      z.looseObject({
        budget_alert_ttl: key(seconds, 'pause between alerts of a budget without a period, in seconds'),
      }),
      'only budget_alert_ttl is acted on',
    ),
  },
} as const;

function readUrlsByType(value: unknown): ReadonlyMap<string, readonly string[]> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const entries = Object.entries(value).map(([type, urls]) => [type, readTexts(urls)] as const);
  const sound = entries.flatMap(([type, urls]) => (urls === undefined ? [] : [[type, urls] as const]));
  return sound.length === entries.length ? new Map(sound) : undefined;
}
