import fc from 'fast-check';
import { isDuration, isTimeZone, periodAt, utcDay } from './periods';

const at = (iso: string): number => Date.parse(iso);
const shown = ({ startMs, endMs }: { startMs: number; endMs: number }): string =>
  `${new Date(startMs).toISOString()} ${new Date(endMs).toISOString()}`;
const anchor = at('2024-02-29T13:37:11.500Z');

describe('the period of a budget', () => {
  it.each([
    ['1d', '2024-03-05T10:00:00Z', 'UTC', '2024-03-05T00:00:00.000Z 2024-03-06T00:00:00.000Z'],
    ['24h', '2024-03-05T10:00:00Z', 'UTC', '2024-03-05T00:00:00.000Z 2024-03-06T00:00:00.000Z'],
    ['7d', '2024-03-05T10:00:00Z', 'UTC', '2024-03-04T00:00:00.000Z 2024-03-11T00:00:00.000Z'],
    ['7d', '2024-03-10T23:59:59.999Z', 'UTC', '2024-03-04T00:00:00.000Z 2024-03-11T00:00:00.000Z'],
    ['1w', '2024-03-11T00:00:00Z', 'UTC', '2024-03-11T00:00:00.000Z 2024-03-18T00:00:00.000Z'],
    ['30d', '2024-02-29T10:00:00Z', 'UTC', '2024-02-01T00:00:00.000Z 2024-03-01T00:00:00.000Z'],
    ['1mo', '2023-12-31T23:59:59Z', 'UTC', '2023-12-01T00:00:00.000Z 2024-01-01T00:00:00.000Z'],
    ['3mo', '2024-06-10T00:00:00Z', 'UTC', '2024-05-01T00:00:00.000Z 2024-08-01T00:00:00.000Z'],
    ['10d', '2024-03-12T00:00:00Z', 'UTC', '2024-03-10T00:00:00.000Z 2024-03-20T00:00:00.000Z'],
    ['5h', '2024-02-29T20:00:00Z', 'UTC', '2024-02-29T18:37:11.500Z 2024-02-29T23:37:11.500Z'],
    ['30m', '2024-02-29T13:37:11.500Z', 'UTC', '2024-02-29T13:37:11.500Z 2024-02-29T14:07:11.500Z'],
    ['10s', '2024-02-29T13:37:11.499Z', 'UTC', '2024-02-29T13:37:01.500Z 2024-02-29T13:37:11.500Z'],
    ['1d', '2024-03-10T12:00:00Z', 'America/New_York', '2024-03-10T05:00:00.000Z 2024-03-11T04:00:00.000Z'],
    ['1d', '2024-11-03T12:00:00Z', 'America/New_York', '2024-11-03T04:00:00.000Z 2024-11-04T05:00:00.000Z'],
    ['1d', '2018-11-04T15:00:00Z', 'America/Sao_Paulo', '2018-11-04T03:00:00.000Z 2018-11-05T02:00:00.000Z'],
    ['1mo', '2024-04-10T00:00:00Z', 'Europe/Berlin', '2024-03-31T22:00:00.000Z 2024-04-30T22:00:00.000Z'],
    ['7d', '2024-04-01T00:00:00Z', 'Asia/Kathmandu', '2024-03-31T18:15:00.000Z 2024-04-07T18:15:00.000Z'],
    ['1d', '2011-12-31T00:00:00Z', 'Pacific/Apia', '2011-12-30T10:00:00.000Z 2011-12-31T10:00:00.000Z'],
  ])('%s at %s in %s', (duration, moment, zone, expected) => {
    expect(shown(periodAt(duration, anchor, at(moment), zone))).toBe(expected);
  });

  it('holds its moment, and the moment after it begins the next one, in every zone and through every change of the clock', () => {
    const zones = fc.constantFrom(
      'UTC',
      'America/New_York',
      'Europe/Berlin',
      'America/Sao_Paulo',
      'Asia/Kathmandu',
      'Australia/Lord_Howe',
      'Pacific/Apia',
    );
    const durations = fc.constantFrom('1s', '45m', '5h', '24h', '1d', '3d', '7d', '2w', '30d', '1mo', '5mo', 'weekly');
    const moments = fc.integer({ min: at('2000-01-01T00:00:00Z'), max: at('2035-01-01T00:00:00Z') });
    fc.assert(
      fc.property(durations, moments, moments, zones, (duration, anchorMs, momentMs, zone) => {
        const period = periodAt(duration, anchorMs, momentMs, zone);
        expect(period.startMs).toBeLessThanOrEqual(momentMs);
        expect(period.endMs).toBeGreaterThan(momentMs);
        expect(periodAt(duration, anchorMs, period.startMs, zone)).toEqual(period);
        expect(periodAt(duration, anchorMs, period.endMs - 1, zone)).toEqual(period);
        expect(periodAt(duration, anchorMs, period.endMs, zone).startMs).toBe(period.endMs);
      }),
      { numRuns: 500 },
    );
  });

  it('is not made of a text that is no duration', () => {
    for (const text of ['', '0d', '1y', '-1d', '1.5h', '1d ', 'd', '9999999d', '1D']) {
      expect(isDuration(text)).toBe(false);
      expect(() => periodAt(text, 0, 0)).toThrow(RangeError);
    }
    expect(['30s', '5h', 'monthly', '2w'].every(isDuration)).toBe(true);
  });

  it('knows zones and UTC days', () => {
    expect([isTimeZone('Europe/Berlin'), isTimeZone('UTC'), isTimeZone('Mars/Base')]).toEqual([true, true, false]);
    expect(utcDay(at('2024-02-29T23:59:59.999Z'))).toBe('2024-02-29');
  });
});
