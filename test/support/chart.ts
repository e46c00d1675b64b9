import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';
import { z } from 'zod';

const repository = join(__dirname, '..', '..');
const helmProgram = join(repository, 'node_modules', '.bin', 'helm');

/** Folder of the chart. */
export const chartFolder = join(repository, 'helm', 'codex-gateway');

/** `describe`, for what needs Helm: left out where its package does not run. */
export const describeWithHelm = process.env['TEST_NO_HELM'] === undefined ? describe : describe.skip;

/** A value of YAML or JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** Values of an installation. */
export type Values = Readonly<Record<string, Json>>;

const manifestSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    labels: z.record(z.string(), z.string()).default({}),
    annotations: z.record(z.string(), z.string()).default({}),
  }),
});

/** One rendered object of Kubernetes. */
export type Manifest = z.output<typeof manifestSchema>;

/** How a command of Helm ended. */
export interface HelmAnswer {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs Helm, without a cluster unless its words name one; `values` become a file of values. */
export async function helm(words: readonly string[], values: Values = {}): Promise<HelmAnswer> {
  const folder = mkdtempSync(join(tmpdir(), 'chart-'));
  const file = join(folder, 'values.yaml');
  writeFileSync(file, stringify(values));
  const valued = /^(uninstall|version)$/.test(words[0] ?? '') ? [] : ['--values', file];
  try {
    return await new Promise((resolve) => {
      // Nothing of the developer's own cluster or plugins.
      const env = { PATH: process.env['PATH'], HOME: folder };
      const child = execFile(
        helmProgram,
        [...words, ...valued],
        { env, maxBuffer: 1 << 26 },
        (_error, stdout, stderr) => {
          resolve({ status: child.exitCode, stdout, stderr });
        },
      );
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Renders the chart as the release `gw`. @throws {Error} with Helm's words when it refuses the values. */
export async function render(values: Values = {}, ...words: readonly string[]): Promise<readonly Manifest[]> {
  const { status, stdout, stderr } = await helm(
    ['template', 'gw', chartFolder, '--namespace', 'codex', ...words],
    values,
  );
  if (status !== 0) throw new Error(stderr);
  return manifestsIn(stdout);
}

/** Why Helm refuses the values; empty when it does not. */
export async function refusal(values: Values): Promise<string> {
  const { status, stderr } = await helm(['template', 'gw', chartFolder], values);
  return status === 0 ? '' : stderr;
}

/** The objects of a page of YAML documents. */
export function manifestsIn(text: string): readonly Manifest[] {
  return parseAllDocuments(text)
    .map((document) => document.toJSON() as unknown)
    .filter((content) => content !== null)
    .map((content) => manifestSchema.parse(content));
}

/** Objects of a kind. */
export function ofKind(manifests: readonly Manifest[], kind: string): readonly Manifest[] {
  return manifests.filter((manifest) => manifest.kind === kind);
}

/** The only object of a kind whose name ends so. @throws {Error} when there is none, or several. */
export function one(manifests: readonly Manifest[], kind: string, end = ''): Manifest {
  const found = ofKind(manifests, kind).filter(({ metadata }) => metadata.name.endsWith(end));
  const [only] = found;
  if (only === undefined || found.length > 1) throw new Error(`${found.length} of ${kind} …${end}`);
  return only;
}

/** What lies at a path such as `spec.template.spec.containers.0`; undefined when nothing does. */
export function at(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((inner, step) => {
    return typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[step] : undefined;
  }, value);
}

/** A list at a path; empty when there is none. */
export function listAt(value: unknown, path: string): readonly unknown[] {
  const found = at(value, path);
  return Array.isArray(found) ? found : [];
}
