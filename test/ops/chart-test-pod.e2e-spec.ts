import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWithHelm, listAt, one, render } from '../support/chart';
import { startBench, testKey, type TestBench } from '../support/gateway';

/** The pod of `helm test`, run as written but for the address and the place of the key. */
describeWithHelm('helm test', () => {
  let bench: TestBench;
  let folder: string;
  beforeAll(async () => {
    bench = await startBench();
    folder = mkdtempSync(join(tmpdir(), 'chart-test-'));
  });
  afterAll(async () => {
    await bench.close();
    rmSync(folder, { recursive: true });
  });

  async function test(
    key: string,
    url = bench.url,
  ): Promise<{ readonly status: number | null; readonly output: string }> {
    const [node, flag, script = ''] = listAt(one(await render(), 'Pod'), 'spec.containers.0.command').map(String);
    expect([node, flag]).toEqual(['/usr/local/bin/node', '-e']);
    writeFileSync(join(folder, 'masterkey'), `${key}\n`);
    const words = ['-e', script.replace('/run/secrets/codex-gateway', folder)];
    return new Promise((resolve) => {
      const child = execFile(process.execPath, words, { env: { GATEWAY_URL: url } }, (_error, stdout, stderr) => {
        resolve({ status: child.exitCode, output: stdout + stderr });
      });
    });
  }

  it('passes where the gateway is ready and knows its key, and shows none', async () => {
    const { status, output } = await test(testKey);
    expect([status, output.includes(testKey)]).toEqual([0, false]);
    expect(output).toMatch(/\/health\/readiness 200/);
  });

  it('fails where the key is another, and where nobody answers', async () => {
    expect(await test('sk-another-key-0123456789')).toMatchObject({ status: 1 });
    expect(await test(testKey, 'http://127.0.0.1:9')).toMatchObject({ status: 1 });
  });
});
