/** The build context: the files of the repository that .dockerignore lets through, and nothing else. */
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Reads `.dockerignore` of its root once, when it is made; paths are relative to the root, with `/`. */
export class BuildContext {
  #rules;

  constructor(root) {
    this.root = root;
    this.#rules = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n').flatMap(ruleOf);
  }

  /** @returns paths below the root of the files that `source` (a file or a folder) stands for, sorted. */
  filesOf(source) {
    const path = join(this.root, source);
    if (!existsSync(path)) throw new Error(`COPY ${source}: is not there.`);
    const found = lstatSync(path).isDirectory()
      ? readdirSync(path, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => relative(this.root, join(entry.parentPath, entry.name)))
      : [relative(this.root, path)];
    const sent = found.filter((file) => !this.isIgnored(file)).sort();
    if (sent.length === 0) throw new Error(`COPY ${source}: .dockerignore lets nothing of it through.`);
    return sent;
  }

  /** The last rule that fits the file or one of its folders decides, as in Docker. */
  isIgnored(file) {
    const places = file.split('/').map((_, at, steps) => steps.slice(0, at + 1).join('/'));
    const rule = this.#rules.findLast(({ pattern }) => places.some((place) => pattern.test(place)));
    return rule?.ignores ?? false;
  }

  digestOf(files) {
    const hash = createHash('sha256');
    for (const file of files) hash.update(`${file}\0`).update(readFileSync(join(this.root, file)));
    return hash.digest('hex');
  }
}

function ruleOf(line) {
  const text = line.trim();
  if (text === '' || text.startsWith('#')) return [];
  const ignores = !text.startsWith('!');
  const glob = ignores ? text : text.slice(1);
  const source = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*\*\/|\*\*|\*|\?/g, (mark) => ({ '**/': '(?:.*/)?', '**': '.*', '*': '[^/]*', '?': '[^/]' })[mark]);
  return [{ ignores, pattern: new RegExp(`^${source}$`) }];
}
