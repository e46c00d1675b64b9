import { createHmac } from 'node:crypto';
import { type AlertTarget } from '../../config/alert-settings';
import { type AlertBody } from './alert-event';

/** What is sent to a target. */
export interface AlertMessage {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * An alert as its target reads it: JSON for a webhook, signed when there is a secret; a text for Slack.
 *
 * @param unixSeconds of this very try: receivers refuse signatures that are too old.
 */
export function alertMessage(
  { kind }: Pick<AlertTarget, 'kind'>,
  alert: AlertBody,
  secret: string | undefined,
  unixSeconds: number,
): AlertMessage {
  const json = { 'content-type': 'application/json; charset=utf-8', 'user-agent': 'codex-gateway' };
  if (kind === 'slack') return { headers: json, body: JSON.stringify({ text: slackText(alert) }) };
  const body = JSON.stringify(alert);
  if (secret === undefined) return { headers: json, body };
  return { headers: { ...json, 'x-codex-gateway-signature': signatureOf(body, secret, unixSeconds) }, body };
}

/** `t=<unix>,v1=<hex HMAC-SHA256 of "t.body">`. */
export function signatureOf(body: string, secret: string, unixSeconds: number): string {
  const digest = createHmac('sha256', secret).update(`${unixSeconds}.${body}`).digest('hex');
  return `t=${unixSeconds},v1=${digest}`;
}

const signs: Readonly<Partial<Record<AlertBody['event'], string>>> = {
  budget_crossed: ':no_entry:',
  soft_budget_crossed: ':warning:',
  threshold_crossed: ':warning:',
  projected_limit_exceeded: ':chart_with_upwards_trend:',
};

function slackText({ event, event_message, projected_exceeded_date }: AlertBody): string {
  const projection =
    projected_exceeded_date === null ? '' : ` At this pace it is used up at ${projected_exceeded_date}.`;
  return escaped(`${signs[event] ?? ':information_source:'} ${event_message}${projection}`);
}

/** Names come from users: `<!channel>` in one of them must not call everybody. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
