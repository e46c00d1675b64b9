import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { freePort } from './free-port';

const answerSchema = z.object({ status: z.literal('success'), data: z.unknown() });
const targetsSchema = z.object({
  activeTargets: z.array(
    z.object({ labels: z.record(z.string(), z.string()), health: z.string(), lastError: z.string() }),
  ),
});
const rulesSchema = z.object({
  groups: z.array(z.object({ name: z.string(), rules: z.array(z.object({ name: z.string(), health: z.string() })) })),
});
const vectorSchema = z.object({
  result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) })),
});

const matrixSchema = z.object({
  result: z.array(
    z.object({ metric: z.record(z.string(), z.string()), values: z.array(z.tuple([z.number(), z.string()])) }),
  ),
});

/** A series over time, or at one moment: Unix seconds and values. */
export interface QueriedSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly (readonly [number, number])[];
}

/** `describe`, for what needs Prometheus: left out where `npm test` found none. */
export const describeWithPrometheus = process.env['TEST_NO_PROMETHEUS'] === undefined ? describe : describe.skip;

/** A real Prometheus of the suite's own. */
export class Prometheus {
  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    readonly url: string,
  ) {}

  /**
   * @param settings text of its `prometheus.yml`.
   * @param flags of the command line, beside those for places and address.
   * @throws {Error} with its log when it ends instead of serving.
   */
  static async start(settings: string, flags: readonly string[] = []): Promise<Prometheus> {
    const folder = mkdtempSync(join(tmpdir(), 'prometheus-'));
    writeFileSync(join(folder, 'prometheus.yml'), settings);
    const address = `127.0.0.1:${await freePort()}`;
    const places = [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`];
    const child = spawn('prometheus', [...places, `--web.listen-address=${address}`, ...flags], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let log = '';
    await new Promise<void>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', () => {
        reject(new Error(`prometheus ended: ${log}`));
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        log += text;
        if (log.includes('Server is ready to receive web requests')) resolve();
      });
    });
    return new Prometheus(child, folder, `http://${address}`);
  }

  /** Targets of a job: up, down or not yet asked. */
  async targets(job: string): Promise<readonly { readonly health: string; readonly lastError: string }[]> {
    const { activeTargets } = targetsSchema.parse(await this.ask('/api/v1/targets?state=active'));
    return activeTargets.filter(({ labels }) => labels['job'] === job);
  }

  /** Names and health of the rules it loaded. */
  async rules(): Promise<readonly { readonly name: string; readonly health: string }[]> {
    return rulesSchema.parse(await this.ask('/api/v1/rules')).groups.flatMap(({ rules }) => rules);
  }

  /** Values of an instant query. */
  async query(expression: string): Promise<readonly number[]> {
    const answer = await this.ask(`/api/v1/query?query=${encodeURIComponent(expression)}`);
    return vectorSchema.parse(answer).result.map(({ value }) => Number(value[1]));
  }

  /** Series of an instant query, each with its one point. */
  async series(expression: string): Promise<readonly QueriedSeries[]> {
    const answer = await this.ask(`/api/v1/query?query=${encodeURIComponent(expression)}`);
    return vectorSchema.parse(answer).result.map(({ metric, value: [at, value] }) => ({
      labels: metric,
      points: [[at, Number(value)] as const],
    }));
  }

  /** Series over time. Unix seconds. */
  async over(
    expression: string,
    { from, to, step }: { readonly from: number; readonly to: number; readonly step: number },
  ): Promise<readonly QueriedSeries[]> {
    const query = new URLSearchParams({ query: expression, start: String(from), end: String(to), step: String(step) });
    const { result } = matrixSchema.parse(await this.ask(`/api/v1/query_range?${query.toString()}`));
    return result.map(({ metric, values }) => ({
      labels: metric,
      points: values.map(([at, value]) => [at, Number(value)] as const),
    }));
  }

  async close(): Promise<void> {
    const gone = once(this.child, 'close');
    this.child.kill('SIGKILL');
    await gone;
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async ask(path: string): Promise<unknown> {
    const answer: unknown = await (await fetch(this.url + path)).json();
    const read = answerSchema.safeParse(answer);
    if (!read.success) throw new Error(`Prometheus refused ${path}: ${JSON.stringify(answer).slice(0, 500)}`);
    return read.data.data;
  }
}
