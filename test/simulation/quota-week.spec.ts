import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type StrategyName } from '../../src/config/routing-values';
import { simulatedWeek, usedUp, type WeekResult } from './quota-week';

/** Where the table stands; `UPDATE_DOCS=1 npx jest test/simulation` writes it anew. */
const page = join(__dirname, '..', '..', 'docs', 'routing.md');
const begin = '<!-- simulated-week -->';
const end = '<!-- /simulated-week -->';
const strategies = ['simple-shuffle', 'least-busy', 'quota-headroom'] as const satisfies readonly StrategyName[];
const seeds = [100, 200, 300, 400, 500];

type Weeks = ReadonlyMap<StrategyName, readonly WeekResult[]>;

let weeks: Weeks;

const sumOf = (name: StrategyName, figure: 'answered' | 'refused' | 'bounced'): number =>
  (weeks.get(name) ?? []).reduce((sum, week) => sum + week[figure], 0);

function table(): string {
  const head = ['strategy', ...seeds.map((_, place) => `refused, week ${place + 1}`), 'refused of all', 'bounced'];
  const rows = strategies.map((name) => {
    const refused = (weeks.get(name) ?? []).map((week) => String(week.refused));
    const share = sumOf(name, 'refused') / (sumOf(name, 'refused') + sumOf(name, 'answered'));
    return [`\`${name}\``, ...refused, `${(share * 100).toFixed(2)} %`, String(sumOf(name, 'bounced'))];
  });
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

beforeAll(async () => {
  const simulated = new Map<StrategyName, readonly WeekResult[]>();
  for (const name of strategies) {
    const results: WeekResult[] = [];
    for (const seed of seeds) results.push(await simulatedWeek(name, seed));
    simulated.set(name, results);
  }
  weeks = simulated;
}, 120_000);

describe('a week of a team on plans of two sizes', () => {
  it('refuses fewer calls under quota-headroom than under simple-shuffle', () => {
    expect(sumOf('simple-shuffle', 'refused')).toBeGreaterThan(100);
    expect(sumOf('quota-headroom', 'refused')).toBeLessThan(sumOf('simple-shuffle', 'refused') / 2);
    for (const [place, week] of (weeks.get('quota-headroom') ?? []).entries()) {
      expect(week.refused).toBeLessThanOrEqual(weeks.get('simple-shuffle')?.[place]?.refused ?? 0);
    }
  });

  it('asks fewer accounts in vain', () => {
    expect(sumOf('quota-headroom', 'bounced')).toBeLessThan(sumOf('simple-shuffle', 'bounced') / 2);
  });

  it('is told in the documentation as it is', () => {
    const text = readFileSync(page, 'utf8');
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    expect(from).toBeGreaterThan(-1);
    const written = text.slice(from + begin.length, to);
    const fresh = `\n\n${table()}\n\n`;
    if (process.env['UPDATE_DOCS'] === '1')
      writeFileSync(page, text.slice(0, from + begin.length) + fresh + text.slice(to));
    const cellsOf = (markdown: string): string => markdown.replace(/[ -]+/g, '');
    expect(cellsOf(process.env['UPDATE_DOCS'] === '1' ? fresh : written)).toBe(cellsOf(fresh));
  });
});

describe.each([2, 3, 20])('%d accounts of one size under steady calls', (accounts) => {
  it('are used up evenly: the last one is dry within a twentieth of what the first one took', async () => {
    const { firstDry, lastDry } = await usedUp('quota-headroom', accounts, 5);
    expect(firstDry).toBeGreaterThan(accounts * 150);
    expect((lastDry - firstDry) / firstDry).toBeLessThan(0.05);
  });
});
