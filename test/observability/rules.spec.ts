import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { GatewayMetrics } from '../../src/telemetry/gateway-metrics';
import { describeWithPrometheus } from '../support/prometheus';

interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly labels?: { readonly severity?: string };
  readonly annotations?: { readonly summary?: string; readonly description?: string; readonly runbook_url?: string };
}

const root = join(__dirname, '..', '..');
const rulesFile = 'deploy/prometheus/rules.yml';
const { groups } = parse(readFileSync(join(root, rulesFile), 'utf8')) as {
  groups: readonly { rules: readonly Rule[] }[];
};
const rules = groups.flatMap((group) => group.rules);
const alerts = rules.filter(({ alert }) => alert !== undefined);
const runbooks = join(root, 'docs', 'runbooks');

const promtool = (...words: readonly string[]) => spawnSync('promtool', words, { cwd: root, encoding: 'utf8' });

describeWithPrometheus('the alert rules', () => {
  it('are rules that Prometheus takes', () => {
    const { status, stdout, stderr } = promtool('check', 'rules', rulesFile);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`${rules.length} rules found`);
  });

  it('fire on their trouble, and on nothing else', () => {
    const { status, stdout, stderr } = promtool('test', 'rules', 'test/observability/rules.test.yml');
    expect(`${stdout}${stderr}`).toContain('SUCCESS');
    expect(status).toBe(0);
  });
});

describe('an alert', () => {
  it.each(alerts.map((rule) => [rule.alert ?? '', rule] as const))(
    '%s has a case that fires and one that does not',
    (name) => {
      const cases = parse(readFileSync(join(root, 'test/observability/rules.test.yml'), 'utf8')) as {
        tests: readonly { alert_rule_test?: readonly { alertname: string; exp_alerts?: readonly unknown[] }[] }[];
      };
      const own = cases.tests
        .flatMap(({ alert_rule_test: all }) => all ?? [])
        .filter(({ alertname }) => alertname === name);
      expect(own.some(({ exp_alerts: fired }) => (fired?.length ?? 0) > 0)).toBe(true);
      expect(own.some(({ exp_alerts: fired }) => fired === undefined)).toBe(true);
    },
  );

  it.each(alerts.map((rule) => [rule.alert ?? '', rule] as const))(
    '%s says how bad it is and what to do',
    (name, { labels, annotations }) => {
      expect(labels?.severity).toMatch(/^(?:info|warning|critical)$/);
      expect(annotations?.summary).toMatch(/\w/);
      const page = annotations?.runbook_url ?? '';
      expect(page).toMatch(/^docs\/runbooks\/[\w-]+\.md$/);
      expect(existsSync(join(root, page))).toBe(true);
      const text = readFileSync(join(root, page), 'utf8');
      expect(text).toContain(`\`${name}\``);
      for (const part of ['What it means', 'What clients see', 'Where to look', 'What to do'])
        expect(text).toContain(`## ${part}`);
    },
  );

  it('is on a page each, and no page is without one', () => {
    const named = new Set(alerts.map(({ annotations }) => annotations?.runbook_url?.split('/').at(-1)));
    expect(readdirSync(runbooks).filter((page) => page !== 'README.md' && !named.has(page))).toEqual([]);
  });

  it('asks for metrics that there are', async () => {
    const { text } = await new GatewayMetrics().exposition();
    const known = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
    const asked = new Set(
      rules.flatMap(({ expr }) => [...expr.matchAll(/\b(?:litellm|codex)_\w+/g)].map(([name]) => name)),
    );
    expect([...asked].filter((name) => !known.has(name))).toEqual([]);
  });
});
