import { createHash } from 'node:crypto';
import { type Fault } from './config-fault';
import { isLoopback } from './master-key';
import { type FileSections, type SettingsSources } from './settings-sources';

/** Kinds of alerts, in LiteLLM's words; `spend_tracked` only on request. */
export const alertTypes = [
  'budget_alerts',
  'new_virtual_key_created',
  'new_internal_user_created',
  'spend_tracked',
] as const;
/** One of `alertTypes`. */
export type AlertType = (typeof alertTypes)[number];

/** Somebody who is told. */
export interface AlertTarget {
  readonly kind: 'webhook' | 'slack';
  /** Stays the same over restarts while the address does; shows nothing of it. */
  readonly name: string;
  /** Often a secret in itself: never logged. */
  readonly url: string;
  readonly types: ReadonlySet<AlertType>;
}

/** Who is told of what. Without targets nothing is looked at. */
export interface AlertSettings {
  readonly targets: readonly AlertTarget[];
  /** Signs what goes to the webhook; undefined: unsigned. */
  readonly signingSecret: string | undefined;
  /** A budget without a period is told of again after this. Milliseconds. */
  readonly repeatMs: number;
}

/** Alert settings, and what is wrong with them. */
export interface AlertReading {
  readonly alerts: AlertSettings;
  readonly faults: readonly Fault[];
  readonly warnings: readonly string[];
}

const dayMs = 86_400_000;

/**
 * `alerting` of the file names the ways; without it every address that is set is used. Addresses come from the environment,
 * Slack's also from `alert_to_webhook_url`.
 */
export function readAlerts({ environment, file }: SettingsSources, { general }: FileSections): AlertReading {
  const named = general.alerting ?? undefined;
  const wants = (way: string): boolean => named === undefined || named.includes(way);
  const types = typesOf(general.alert_types ?? undefined);
  const { WEBHOOK_URL: webhook, SLACK_WEBHOOK_URL: slack, WEBHOOK_SIGNING_SECRET: secret } = environment;
  const written: Written[] = [];
  if (webhook !== undefined && wants('webhook')) {
    written.push({ kind: 'webhook', url: webhook, place: 'environment WEBHOOK_URL', types });
  }
  const byType = general.alert_to_webhook_url ?? new Map<string, readonly string[]>();
  const place = file?.placeOf(['general_settings', 'alert_to_webhook_url']) ?? '';
  if (wants('slack')) written.push(...slackTargets(slack, types, byType, place));
  const faults = written
    .filter(({ url }) => !isHttpUrl(url))
    .map((each) => ({ place: each.place, message: 'must be an http or https URL' }));
  const targets = written.filter(({ url }) => isHttpUrl(url)).map(targetOf);
  return {
    alerts: { targets, signingSecret: secret, repeatMs: general.alerting_args?.budget_alert_ttl ?? dayMs },
    faults,
    warnings: [
      ...missingWays(named, targets),
      ...typeWarnings(general, file?.placeOf),
      ...openHttp(written),
      ...unsigned(targets, secret),
    ],
  };
}

interface Written {
  readonly kind: AlertTarget['kind'];
  readonly url: string;
  readonly place: string;
  readonly types: ReadonlySet<AlertType>;
}

function typesOf(names: readonly string[] | undefined): ReadonlySet<AlertType> {
  return new Set(alertTypes.filter((type) => (names === undefined ? type !== 'spend_tracked' : names.includes(type))));
}

type PlaceOf = NonNullable<SettingsSources['file']>['placeOf'];

/** A name that is not sent, by a slip of the pen or because only LiteLLM has it, must not look as if it were. */
function typeWarnings(general: FileSections['general'], placeOf: PlaceOf | undefined): readonly string[] {
  const { alert_types: wanted, alert_to_webhook_url: byType } = general;
  const lists = [
    ['alert_types', wanted ?? []],
    ['alert_to_webhook_url', [...(byType?.keys() ?? [])]],
  ] as const;
  const unserved = lists.flatMap(([key, names]) => {
    const strange = names.filter((name) => !isServed(name)).map((name) => name.slice(0, 40));
    const place = placeOf?.(['general_settings', key]) ?? key;
    return strange.length === 0
      ? []
      : [`${place}: ${strange.join(', ')}: no such alert is sent here; there are ${alertTypes.join(', ')}`];
  });
  const isNothingLeft = wanted !== undefined && wanted !== null && !wanted.some(isServed);
  if (!isNothingLeft) return unserved;
  return [
    ...unserved,
    `${placeOf?.(['general_settings', 'alert_types']) ?? 'alert_types'}: names no alert that is sent; nobody is told of anything`,
  ];
}

function isServed(name: string): boolean {
  return alertTypes.some((type) => type === name);
}

/** An alert type with addresses of its own does not go to the usual one. */
function slackTargets(
  usual: string | undefined,
  types: ReadonlySet<AlertType>,
  byType: ReadonlyMap<string, readonly string[]>,
  place: string,
): readonly Written[] {
  const own = alertTypes.flatMap((type) =>
    (types.has(type) ? (byType.get(type) ?? []) : []).map((url): Written => ({
      kind: 'slack',
      url,
      place,
      types: new Set([type]),
    })),
  );
  const rest = new Set([...types].filter((type) => !byType.has(type)));
  if (usual === undefined || rest.size === 0) return own;
  return [{ kind: 'slack', url: usual, place: 'environment SLACK_WEBHOOK_URL', types: rest }, ...own];
}

function targetOf({ kind, url, types }: Written): AlertTarget {
  const digest = createHash('sha256')
    .update(`${[...types].join()} ${url}`)
    .digest('hex')
    .slice(0, 12);
  return { kind, name: `${kind}-${digest}`, url, types };
}

function missingWays(named: readonly string[] | undefined, targets: readonly AlertTarget[]): readonly string[] {
  const variables: Readonly<Record<string, string>> = { slack: 'SLACK_WEBHOOK_URL', webhook: 'WEBHOOK_URL' };
  return (named ?? []).flatMap((way) => {
    const variable = variables[way];
    if (variable === undefined) return [`alerting: ${way.slice(0, 40)} is not served here; slack and webhook are`];
    return targets.some(({ kind }) => kind === way) ? [] : [`alerting: ${way} needs ${variable}; nothing is sent`];
  });
}

function openHttp(written: readonly Written[]): readonly string[] {
  return written
    .filter(({ url }) => isHttpUrl(url) && new URL(url).protocol === 'http:' && !isLoopback(new URL(url).hostname))
    .map(({ place }) => `${place}: sends alerts over plain http to another machine`);
}

function unsigned(targets: readonly AlertTarget[], secret: string | undefined): readonly string[] {
  if (secret !== undefined || !targets.some(({ kind }) => kind === 'webhook')) return [];
  return [
    'environment WEBHOOK_URL: alerts are not signed; set WEBHOOK_SIGNING_SECRET so that the receiver can tell ours',
  ];
}

function isHttpUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, username, password } = new URL(value);
  return /^https?:$/.test(protocol) && username === '' && password === '';
}
