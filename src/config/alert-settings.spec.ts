import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allowedOrigins } from '../outbound/allowed-origins';
import { loadSettings } from './load-settings';
import { type Settings } from './settings';

const folder = mkdtempSync(join(tmpdir(), 'alert-settings-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function load(general: string, env: Readonly<Record<string, string>> = {}): Settings {
  const path = join(folder, 'config.yaml');
  writeFileSync(path, `general_settings:\n  master_key: sk-a-master-key-of-the-suite\n${general}`);
  return loadSettings({ argv: ['--config', path], env, cwd: folder, homeDir: folder });
}

const both = {
  WEBHOOK_URL: 'https://hooks.example/a?token=1',
  SLACK_WEBHOOK_URL: 'https://slack.example/b',
  WEBHOOK_SIGNING_SECRET: 'whsec',
};
const kindsOf = ({ alerts }: Settings): readonly string[] => alerts.targets.map(({ kind }) => kind);

describe('alert settings', () => {
  it('use every address that is set, unless alerting names the ways', () => {
    expect(kindsOf(load('', both))).toEqual(['webhook', 'slack']);
    expect(kindsOf(load('  alerting: ["slack"]\n', both))).toEqual(['slack']);
    expect(kindsOf(load('  alerting: webhook\n', both))).toEqual(['webhook']);
    expect(kindsOf(load(''))).toEqual([]);
  });

  it('let no other host be called than those that are set', () => {
    const origins = allowedOrigins(load('', both));

    expect(origins.has('https://hooks.example')).toBe(true);
    expect(origins.has('https://slack.example')).toBe(true);
    expect(allowedOrigins(load('')).has('https://hooks.example')).toBe(false);
  });

  it('send all types but spend_tracked, or those that are named; a type may have Slack webhooks of its own', () => {
    const [webhook] = load('', both).alerts.targets;
    expect([...(webhook?.types ?? [])]).toEqual([
      'budget_alerts',
      'new_virtual_key_created',
      'new_internal_user_created',
    ]);
    const { targets } = load(
      '  alert_types: ["budget_alerts", "spend_tracked", "llm_too_slow"]\n  alert_to_webhook_url: { budget_alerts: ["https://slack.example/c", "https://slack.example/d"] }\n',
      both,
    ).alerts;
    expect(targets.map(({ url, types }) => [url, [...types].join()])).toEqual([
      ['https://hooks.example/a?token=1', 'budget_alerts,spend_tracked'],
      ['https://slack.example/b', 'spend_tracked'],
      ['https://slack.example/c', 'budget_alerts'],
      ['https://slack.example/d', 'budget_alerts'],
    ]);
  });

  it('name targets so that a restart finds them, without their address', () => {
    const [first, again] = [load('', both).alerts.targets[0], load('', both).alerts.targets[0]];

    expect(first?.name).toBe(again?.name);
    expect(first?.name).toMatch(/^webhook-[0-9a-f]{12}$/);
  });

  it('repeat an endless budget after a day, or budget_alert_ttl', () => {
    expect(load('').alerts.repeatMs).toBe(86_400_000);
    expect(load('  alerting_args: { budget_alert_ttl: 600, report_check_interval: 5 }\n').alerts.repeatMs).toBe(
      600_000,
    );
  });

  it('warn of what is not signed, open or missing, and show no address', () => {
    const { WEBHOOK_SIGNING_SECRET: _, ...unsigned } = both;
    expect(load('', unsigned).warnings.join()).toContain('alerts are not signed');
    expect(_).toBe('whsec');
    const open = load('', { ...both, WEBHOOK_URL: 'http://hooks.example/secret-path' }).warnings.join();
    expect(open).toContain('environment WEBHOOK_URL: sends alerts over plain http to another machine');
    expect(open).not.toContain('secret-path');
    expect(load('  alerting: ["webhook", "email"]\n').warnings.join()).toMatch(
      /webhook needs WEBHOOK_URL.*email is not served/,
    );
  });

  it('warn of alert types that are not sent, and when none is left', () => {
    const about = (general: string) => load(general, both).warnings.filter((each) => each.includes('alert_t'));
    expect(about('  alert_types: [budget_alerts, llm_too_slow]\n')).toEqual([
      expect.stringMatching(
        /config\.yaml:3 general_settings\.alert_types: llm_too_slow: no such alert is sent here; there are budget_alerts, /,
      ),
    ]);
    expect(about('  alert_types: [llm_exceptions, budget_alert]\n')).toEqual([
      expect.stringContaining(': llm_exceptions, budget_alert: no such alert'),
      expect.stringContaining('names no alert that is sent'),
    ]);
    expect(about('  alert_types: []\n')).toEqual([expect.stringContaining('names no alert that is sent')]);
    expect(about('  alert_to_webhook_url: { budget_alert: "https://slack.example/c" }\n')).toEqual([
      expect.stringMatching(/:3 general_settings\.alert_to_webhook_url: budget_alert: no such alert/),
    ]);
    expect(
      about('  alert_types: [budget_alerts]\n  alert_to_webhook_url: { budget_alerts: "https://slack.example/c" }\n'),
    ).toEqual([]);
  });

  it.each([{ WEBHOOK_URL: 'hooks.example' }, { WEBHOOK_URL: 'ftp://h/' }, { SLACK_WEBHOOK_URL: 'https://u:p@h/' }])(
    'refuse an address that is none: %j',
    (env) => {
      expect(() => load('', env as Record<string, string>)).toThrow(
        /environment (SLACK_)?WEBHOOK_URL: must be an http or https URL/,
      );
    },
  );
});
