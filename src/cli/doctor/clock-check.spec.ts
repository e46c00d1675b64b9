import { clockByDate } from './clock-check';

const date = 'Fri, 27 Nov 2026 09:00:00 GMT';
const at = (aheadMs: number) => clockByDate(date, Date.parse(date) + aheadMs, 'https://host');

it.each([
  [0, 'ok', '0.0 s ahead of https://host'],
  [999, 'ok', '0.0 s ahead of https://host'],
  [2_900, 'ok', '1.9 s ahead of https://host'],
  [3_100, 'warning', '2.1 s ahead of https://host'],
  [-2_100, 'warning', '2.1 s behind https://host'],
  [302_000, 'fault', '301.0 s ahead of https://host'],
  [-301_000, 'fault', '301.0 s behind https://host'],
])('a clock %d ms from a date of whole seconds is judged %s', (aheadMs, verdict, message) => {
  expect(at(aheadMs)).toMatchObject({ check: 'clock', verdict, message });
});

it.each([undefined, 'yesterday'])('the date %s is none to compare with', (told) => {
  expect(clockByDate(told, 0, 'https://host')).toMatchObject({ verdict: 'skipped', advice: null });
});
