import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Document,
  type Node,
  type YAMLMap,
} from 'yaml';
import { type Fault } from './config-fault';

/** Steps from the top of the file to a value. */
export type KeyPath = readonly (string | number)[];

/** One key of the file. */
export interface FileKey {
  readonly path: KeyPath;
  /** For example `model_list[0].litellm_params.model`. */
  readonly name: string;
  /** Same without positions: `model_list[].litellm_params.model`. */
  readonly pattern: string;
  /** Counted from 1. */
  readonly line: number;
}

/** A YAML file as plain values that still know their lines. */
export interface YamlSource {
  /** Null when the file is empty or broken. */
  readonly value: unknown;
  readonly keys: readonly FileKey[];
  readonly faults: readonly Fault[];
  /** `file:line key`; the line of the nearest ancestor when the key itself is not there. */
  readonly placeOf: (path: KeyPath) => string;
}

interface Walk {
  readonly document: Document;
  readonly lines: LineCounter;
  readonly keys: FileKey[];
  /** Lines of list entries, by name: an entry that is no map has no key of its own. */
  readonly items: Map<string, number>;
  /** Aliases may point at their own parents. */
  readonly open: Set<Node>;
  visited: number;
}

/** Aliases can blow a small file up; beyond this the walk stops and the reader refuses the file by its alias count. */
const mostNodes = 100_000;
const assignment = /^\s*(?:-\s+)*["']?([A-Za-z_][\w.-]*)["']?\s*=/;

/** Parses YAML 1.2 with `<<` merge keys. Faults name file and line, never the text that stands there. */
export function readYaml(text: string, fileName: string): YamlSource {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true });
  const broken = document.errors.map(({ code, pos }) => {
    const line = lines.linePos(pos[0]).line;
    return { place: `${fileName}:${line}`, message: syntaxMessage(code, text.split('\n')[line - 1] ?? '') };
  });
  if (broken.length > 0) return { value: null, keys: [], faults: uniqueByPlace(broken), placeOf: () => fileName };
  const walk: Walk = { document, lines, keys: [], items: new Map(), open: new Set(), visited: 0 };
  visit(walk, document.contents, []);
  const placeOf = placeFinder(walk, fileName);
  try {
    return { value: document.toJS({ maxAliasCount: 100 }) as unknown, keys: walk.keys, faults: [], placeOf };
  } catch {
    const fault = { place: fileName, message: 'uses a YAML alias that has no anchor, or far too many aliases' };
    return { value: null, keys: walk.keys, faults: [fault], placeOf };
  }
}

/** `['model_list', 0, 'model_name']` → `model_list[0].model_name`. */
export function nameOf(path: KeyPath): string {
  return path.reduce<string>((name, step) => {
    if (typeof step === 'number') return `${name}[${step}]`;
    return name === '' ? step : `${name}.${step}`;
  }, '');
}

/** Says what a text that stands where a map should be is: usually `key=value`. */
export function mapExpected(value: unknown): string {
  const key = typeof value === 'string' ? assignment.exec(value)?.[1] : undefined;
  return key === undefined ? 'must be a map of keys and values' : assignmentMessage(key);
}

function assignmentMessage(key: string): string {
  return `uses "=" between key and value; YAML wants a colon and a space: "${key}: ..."`;
}

function syntaxMessage(code: string, line: string): string {
  const key = assignment.exec(line)?.[1];
  if (key !== undefined && code !== 'DUPLICATE_KEY') return assignmentMessage(key);
  if (code === 'DUPLICATE_KEY') return 'the same key stands twice in one map';
  if (code === 'TAB_AS_INDENT') return 'is indented with a tab; YAML wants spaces';
  if (code === 'BLOCK_AS_IMPLICIT_KEY')
    return 'is not valid YAML: a value that holds ": " needs quotes, and each key its own line';
  return `is not valid YAML (${code.toLowerCase().replaceAll('_', ' ')})`;
}

function visit(walk: Walk, node: Node | null, path: KeyPath): void {
  const target = isAlias(node) ? node.resolve(walk.document) : node;
  if (target === undefined || target === null || walk.open.has(target) || walk.visited > mostNodes) return;
  walk.visited += 1;
  walk.open.add(target);
  if (isSeq(target))
    target.items.forEach((item, index) => {
      visitItem(walk, item as Node | null, [...path, index]);
    });
  if (isMap(target)) visitMap(walk, target, path);
  walk.open.delete(target);
}

function visitItem(walk: Walk, item: Node | null, path: KeyPath): void {
  const start = item?.range?.[0];
  if (start !== undefined) walk.items.set(nameOf(path), walk.lines.linePos(start).line);
  visit(walk, item, path);
}

function visitMap(walk: Walk, map: YAMLMap, path: KeyPath): void {
  for (const pair of map.items) {
    if (!isScalar(pair.key)) continue;
    if (isMergeKey(pair.key.value)) {
      visitMerged(walk, { map, merged: pair.value as Node | null, path });
      continue;
    }
    const inner = [...path, String(pair.key.value)];
    const line = walk.lines.linePos(pair.key.range?.[0] ?? 0).line;
    walk.keys.push({ path: inner, name: nameOf(inner), pattern: patternOf(inner), line });
    visit(walk, pair.value as Node | null, inner);
  }
}

interface Merge {
  readonly map: YAMLMap;
  /** A map, or a list of them. */
  readonly merged: Node | null;
  readonly path: KeyPath;
}

/** Merged keys stand in the map as its own do, at the lines they were written at; where both are there, its own counts. */
function visitMerged(walk: Walk, { map, merged, path }: Merge): void {
  const target = isAlias(merged) ? merged.resolve(walk.document) : merged;
  const own = new Set(
    map.items.flatMap(({ key }) => (isScalar(key) && !isMergeKey(key.value) ? [String(key.value)] : [])),
  );
  const from = walk.keys.length;
  for (const source of isSeq(target) ? target.items : [merged]) visit(walk, source as Node | null, path);
  for (const key of walk.keys.splice(from)) if (!own.has(String(key.path[path.length]))) walk.keys.push(key);
}

/** The parser gives it as a symbol of that name; in quotes it is a key like any other. */
function isMergeKey(key: unknown): boolean {
  return typeof key === 'symbol' && key.description === '<<';
}

function patternOf(path: KeyPath): string {
  return nameOf(path).replace(/\[\d+\]/g, '[]');
}

function placeFinder({ keys, items }: Walk, fileName: string): (path: KeyPath) => string {
  const lineOf = new Map([...items, ...keys.map(({ name, line }) => [name, line] as const)]);
  return (path) => {
    const name = nameOf(path);
    for (let length = path.length; length > 0; length -= 1) {
      const line = lineOf.get(nameOf(path.slice(0, length)));
      if (line !== undefined) return `${fileName}:${line} ${name}`;
    }
    return name === '' ? fileName : `${fileName} ${name}`;
  };
}

function uniqueByPlace(faults: readonly Fault[]): readonly Fault[] {
  return [...new Map(faults.toReversed().map((fault) => [fault.place, fault])).values()].toReversed();
}
