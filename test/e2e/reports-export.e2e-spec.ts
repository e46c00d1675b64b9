import { type IncomingMessage, request } from 'node:http';
import { ledgerRow } from '../support/memory-books';
import { type ReportBench } from '../support/report-bench';
import { seededRows, startSeededBench } from '../support/report-seed';

let bench: ReportBench;
beforeAll(async () => {
  bench = await startSeededBench();
});
afterAll(async () => {
  await bench.close();
});
afterEach(() => {
  bench.ledger.rows.splice(0);
  bench.ledger.add(...seededRows);
});

describe('GET /spend/export', () => {
  it('gives the rows as JSON lines, oldest first, in the shape of the spend log', async () => {
    const answer = await bench.ask('admin', '/spend/export');
    const lines = (await answer.text())
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);

    expect(answer.headers.get('content-type')).toBe('application/jsonl; charset=utf-8');
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="spend.jsonl"');
    expect(lines.map((line) => line['request_id'])).toEqual(['a1', 'a2', 'b1', 'c1']);
    expect(lines[0]).toMatchObject({ spend: 0.0062, startTime: '2026-11-20T12:00:00.000Z', user: 'alice' });
  });

  it('gives the rows as CSV that no spreadsheet runs as a formula', async () => {
    const tags = ['=HYPERLINK("http://x")', '+1'];
    bench.ledger.add(
      ledgerRow({ id: 'evil', startMs: Date.UTC(2026, 10, 23), tags, customerId: '@SUM(A1)', keyAlias: 'a,"b"\r\n-c' }),
    );
    const answer = await bench.ask('admin', '/spend/export?format=csv&start_date=2026-11-23');
    const text = await answer.text();
    const [head = '', ...rest] = text.split('\r\n');

    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(head.split(',').slice(0, 6)).toEqual([
      'request_id',
      'call_type',
      'startTime',
      'endTime',
      'api_key',
      'key_alias',
    ]);
    expect(rest.join('\r\n')).toContain('"a,""b""\r\n-c"');
    expect(rest.join('\r\n')).toContain(",'@SUM(A1),");
    expect(rest.join('\r\n')).toContain(`"'=HYPERLINK(""http://x"") +1"`);
    expect(rest.join('\r\n')).toContain(',0.0062,1000,100,1100,400,0,40,standard,');
  });

  it('filters like the log and shows holders their own', async () => {
    const idsIn = async (holder: 'admin' | 'bob', query: string): Promise<readonly string[]> =>
      (await (await bench.ask(holder, `/spend/export?${query}`)).text())
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => (JSON.parse(line) as { request_id: string }).request_id);

    expect(await idsIn('admin', 'status=failure')).toEqual(['b1']);
    expect(await idsIn('admin', 'start_date=2026-11-21&end_date=2026-11-21')).toEqual(['a2', 'b1']);
    expect(await idsIn('bob', '')).toEqual(['b1']);
    expect(await idsIn('admin', 'start_date=2020-01-01&end_date=2020-01-02')).toEqual([]);
    expect((await bench.ask('admin', '/spend/export?format=xml')).status).toBe(400);
  });

  it('is a 503 when the state is away, not a file that breaks off', async () => {
    bench.ledger.isAway = true;
    const answer = await bench.ask('admin', '/spend/export');
    bench.ledger.isAway = false;

    expect(answer.status).toBe(503);
    expect(answer.headers.get('content-type')).toContain('application/json');
    expect(await answer.json()).toMatchObject({ error: { type: 'service_unavailable' } });
  });

  it('reads each row once, however many begin in the same millisecond', async () => {
    const many = Array.from({ length: 1_730 }, (_, at) =>
      ledgerRow({ id: `m${String(at).padStart(5, '0')}`, startMs: Date.UTC(2026, 10, 24) + Math.floor(at / 700) }),
    );
    bench.ledger.add(...many);
    const text = await (await bench.ask('admin', '/spend/export?start_date=2026-11-24')).text();
    const ids = text
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { request_id: string }).request_id);

    expect(ids).toEqual(many.map(({ id }) => id));
  });

  it('reads on only as fast as its client does', async () => {
    const metadata = { note: 'x'.repeat(4_000) };
    bench.ledger.add(
      ...Array.from({ length: 20_000 }, (_, at) =>
        ledgerRow({ id: `w${at}`, startMs: Date.UTC(2026, 10, 25) + at, metadata }),
      ),
    );
    bench.ledger.asked.splice(0);
    const { hostname, port } = new URL(bench.url);
    const headers = { authorization: 'Bearer sk-admin' };
    const asking = request({ hostname, port, path: '/spend/export?start_date=2026-11-25', headers });
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      asking.once('response', resolve).once('error', reject).end();
    });
    answer.pause();
    const settled = await stillReads(() => bench.ledger.asked.length);

    // 100 MB in 40 reads; what the sockets buffer is a few of them.
    expect(settled).toBeLessThan(20);
    answer.resume();
    const bytes = await new Promise<number>((resolve) => {
      let total = 0;
      answer
        .on('data', (chunk: Buffer) => (total += chunk.length))
        .once('end', () => {
          resolve(total);
        });
    });
    expect(bytes).toBeGreaterThan(80_000_000);
    expect(bench.ledger.asked.length).toBe(41);
  });

  it('stops reading when its client is gone', async () => {
    const metadata = { note: 'x'.repeat(4_000) };
    bench.ledger.add(
      ...Array.from({ length: 20_000 }, (_, at) =>
        ledgerRow({ id: `g${at}`, startMs: Date.UTC(2026, 10, 25) + at, metadata }),
      ),
    );
    bench.ledger.asked.splice(0);
    const leaving = new AbortController();
    const answer = await bench.ask('admin', '/spend/export?start_date=2026-11-25', { signal: leaving.signal });
    await answer.body?.getReader().read();
    leaving.abort();

    expect(await stillReads(() => bench.ledger.asked.length)).toBeLessThan(30);
  });
});

/** The count once it has not changed for a while. */
async function stillReads(count: () => number): Promise<number> {
  for (let last = -1; ;) {
    const now = count();
    if (now === last && now > 0) return now;
    last = now;
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
}
