import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type JsonObject, objectOf, objectsOf, parseJson, stringOf } from './json';

const bundled = 'models-catalog-bundled-0.169.0.json';

/** The version that stands for "show me everything" at the catalog endpoint. */
const ungated = '0.0.0';

/**
 * Finds the recordings from wherever the simulator runs, compiled or not.
 * @throws {Error} when no parent folder holds them.
 */
export function fixturesFolder(from: string = __dirname): string {
  const candidate = join(from, 'test', 'fixtures', 'codex');
  if (existsSync(join(candidate, bundled))) return candidate;
  const parent = dirname(from);
  if (parent === from) throw new Error('The recordings in test/fixtures/codex were not found.');
  return fixturesFolder(parent);
}

/** The model catalog of the simulated accounts: what `/models` answers and what `/responses` accepts. */
export class Catalog {
  private entries: readonly JsonObject[] = [];
  private tag = '';

  constructor(private readonly folder: string) {
    this.restore();
  }

  /** Weak ETag of the current catalog. */
  get etag(): string {
    return this.tag;
  }

  get models(): readonly JsonObject[] {
    return this.entries;
  }

  /** Replaces the catalog, and with it the ETag. */
  replace(models: readonly JsonObject[]): void {
    this.entries = models;
    this.tag = `W/"${createHash('sha256').update(JSON.stringify(models)).digest('hex').slice(0, 16)}"`;
  }

  /** Back to the catalog bundled with CLI 0.169.0. */
  restore(): void {
    const parsed = parseJson(readFileSync(join(this.folder, bundled), 'utf8'));
    this.replace(objectsOf(objectOf(parsed)['models']));
  }

  /** @returns the models that a client of this version may see; `0.0.0` sees all. */
  visibleTo(version: string): readonly JsonObject[] {
    return version === ungated ? this.entries : this.entries.filter((model) => isMet(model, version));
  }

  /** @returns the model when it exists and the client is new enough for it, else undefined. */
  servedTo(slug: string, version: string): JsonObject | undefined {
    return this.entries.find((model) => model['slug'] === slug && isMet(model, version));
  }

  /** @returns whether the text is the official prompt of any model in the catalog. */
  hasPrompt(text: string): boolean {
    return this.entries.some((model) => {
      const template = objectOf(model['model_messages'])['instructions_template'];
      return template === text || model['base_instructions'] === text;
    });
  }
}

function isMet(model: JsonObject, version: string): boolean {
  return compareVersions(version, stringOf(model['minimal_client_version']) ?? ungated) >= 0;
}

/** @returns negative, zero or positive, like a sort function, for dotted versions of numbers. */
export function compareVersions(left: string, right: string): number {
  const numbers = (version: string): number[] => version.split(/[.-]/).map((part) => Number.parseInt(part, 10) || 0);
  const [mine, theirs] = [numbers(left), numbers(right)];
  for (let at = 0; at < Math.max(mine.length, theirs.length); at += 1) {
    const difference = (mine[at] ?? 0) - (theirs[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
