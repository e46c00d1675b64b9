import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { GatewayMetrics } from '../../src/telemetry/gateway-metrics';
import { type Dashboard, shippedDashboards } from '../support/dashboards';

const root = join(__dirname, '..', '..');
const boards = shippedDashboards();
const shown = [...boards.values()];
const panels = shown.flatMap((board) =>
  board.panels.filter(({ type }) => type !== 'row').map((panel) => ({ board, panel })),
);

describe('the dashboards', () => {
  it('are what their sources say', () => {
    const { status, stderr } = spawnSync(process.execPath, ['deploy/grafana/build.mjs', '--check'], {
      cwd: root,
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '']);
  });

  it('are four, with ids of their own', () => {
    expect([...boards.keys()].sort()).toEqual(['accounts', 'overview', 'reliability', 'usage']);
    expect(new Set(shown.map(({ uid }) => uid)).size).toBe(4);
  });

  it.each(shown.map((board): [string, Dashboard] => [board.title, board]))(
    '%s lets its reader choose',
    (_title, { templating, description }) => {
      expect(templating.list.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['datasource', 'job', 'instance', 'docs']),
      );
      expect(description).toMatch(/\w/);
    },
  );

  it.each(panels.map(({ board, panel }) => [`${board.title}: ${panel.title}`, panel] as const))(
    '%s says what it shows, and in which unit',
    (_title, panel) => {
      expect(panel.description).toMatch(/\w.{10,}/);
      expect(panel.datasource).toEqual({ type: 'prometheus', uid: '${datasource}' });
      const own = panel.fieldConfig?.defaults.unit;
      const ofColumns =
        panel.fieldConfig?.overrides.flatMap(({ properties }) => properties.filter(({ id }) => id === 'unit')) ?? [];
      expect(panel.type === 'table' ? ofColumns.length > 0 : own !== undefined).toBe(true);
      for (const { expr } of panel.targets ?? []) expect(expr).toContain('job=~"$job"');
    },
  );

  it('link to pages that are there', () => {
    const pages = panels.flatMap(({ panel }) => (panel.links ?? []).map(({ url }) => url));
    expect(pages.length).toBeGreaterThan(20);
    for (const url of pages) {
      expect(url.startsWith('${docs}/')).toBe(true);
      const page = url.replace('${docs}/', 'docs/');
      expect(existsSync(join(root, page)) ? page : `missing ${page}`).toBe(page);
    }
  });

  it('ask for metrics that there are', async () => {
    const { text } = await new GatewayMetrics().exposition();
    const known = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
    const asked = new Set(
      panels.flatMap(({ panel }) =>
        (panel.targets ?? []).flatMap(({ expr }) =>
          [...expr.matchAll(/\b((?:litellm|codex|gen_ai|process|nodejs)_\w+)\{/g)].map(([, name]) => name ?? ''),
        ),
      ),
    );
    expect(asked.size).toBeGreaterThan(60);
    for (const name of asked) {
      const family = name.replace(/_(?:bucket|sum|count)$/, '');
      expect(known.has(name) || known.has(family) ? name : `unknown ${name}`).toBe(name);
    }
  });
});
