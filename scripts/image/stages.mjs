/** Runs the instructions of the Dockerfile into folders, one for each stage; a stage whose sources are unchanged is kept. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join, posix } from 'node:path';
import { provideBase } from './bases.mjs';
import { configOf } from './dockerfile.mjs';

/** Builds stages and what they rest on. @throws {Error} with the line of the Dockerfile when a command of it fails. */
export class StageBuilder {
  #done = new Map();

  /** @param say called with one line for each stage that is built. */
  constructor({ stages, context, cache, say }) {
    Object.assign(this, { stages, context, cache, say });
    this.folder = join(cache, 'image');
  }

  /** @returns `{name, folder, key, config, path}` of the stage, built now or before. */
  build(name) {
    const known = this.#done.get(name);
    if (known !== undefined) return known;
    const stage = this.stages.find((one) => one.name === name);
    if (stage === undefined) throw new Error(`The Dockerfile has no stage ${name}.`);
    const base = this.#isStage(stage.base) ? this.build(stage.base) : undefined;
    const built = {
      name,
      folder: join(this.folder, name),
      key: this.#keyOf(stage, base),
      config: configOf(stage, base?.config),
      path: base?.path ?? [],
    };
    const mark = `${built.folder}.key`;
    if (!existsSync(mark) || readFileSync(mark, 'utf8') !== built.key || !existsSync(built.folder)) {
      this.say(`Building the stage ${name}…`);
      rmSync(mark, { force: true });
      this.#run(stage, built, base);
      writeFileSync(mark, built.key);
    } else if (base === undefined) built.path = this.#pathOf(stage);
    this.#done.set(name, built);
    return built;
  }

  #isStage(name) {
    return this.stages.some((stage) => stage.name === name);
  }

  /** Everything that could change what the stage holds. */
  #keyOf(stage, base) {
    const hash = createHash('sha256').update(`${process.platform} ${process.arch} ${base?.key ?? stage.base}`);
    for (const instruction of stage.instructions) {
      hash.update(`\n${instruction.keyword} ${instruction.text}`);
      if (instruction.keyword !== 'COPY') continue;
      const { from } = instruction.flags;
      hash.update(from === undefined ? this.context.digestOf(this.#filesOf(instruction)) : this.build(from).key);
    }
    return hash.digest('hex');
  }

  #filesOf(instruction) {
    return sourcesOf(instruction).flatMap((source) => this.context.filesOf(source));
  }

  #run(stage, built, base) {
    rmSync(built.folder, { recursive: true, force: true });
    mkdirSync(built.folder, { recursive: true });
    if (base === undefined) built.path = provideBase(stage.base, built.folder, this.cache);
    else copyTree(base.folder, built.folder);
    let workdir = base?.config.workdir ?? '/';
    for (const instruction of stage.instructions) {
      if (instruction.keyword === 'WORKDIR') {
        workdir = posix.resolve(workdir, instruction.text);
        mkdirSync(join(built.folder, workdir), { recursive: true });
      } else if (instruction.keyword === 'COPY') this.#copy(instruction, built.folder, workdir);
      else if (instruction.keyword === 'RUN') this.#execute(instruction, built, workdir);
    }
  }

  #pathOf(stage) {
    const probe = `${this.folder}/.base-${process.pid}`;
    try {
      mkdirSync(probe, { recursive: true });
      return provideBase(stage.base, probe, this.cache);
    } finally {
      rmSync(probe, { recursive: true, force: true });
    }
  }

  #copy(instruction, folder, workdir) {
    const { from, chown } = instruction.flags;
    const target = instruction.rest.split(/\s+/).at(-1);
    const isFolder = target.endsWith('/') || target === './' || target === '.';
    const place = join(folder, posix.resolve(workdir, target));
    for (const source of sourcesOf(instruction)) {
      if (from !== undefined) copyTree(join(this.build(from).folder, posix.resolve('/', source)), place);
      else this.#copyFromContext(source, place, isFolder);
    }
    if (chown !== undefined && process.getuid?.() === 0) chownSync(place, ...chown.split(':').map(Number));
  }

  /** A folder stands for what is in it, as in Docker. */
  #copyFromContext(source, place, isFolder) {
    const below = statSync(join(this.context.root, source)).isDirectory() ? source.replace(/\/?$/, '/') : undefined;
    for (const file of this.context.filesOf(source)) {
      const name = below === undefined ? posix.basename(file) : file.slice(below.length);
      const to = isFolder || below !== undefined ? join(place, name) : place;
      mkdirSync(dirname(to), { recursive: true });
      cpSync(join(this.context.root, file), to);
      chmodSync(to, 0o644);
    }
  }

  #execute({ text, line }, built, workdir) {
    const cwd = join(built.folder, workdir);
    // The checkout has the packages of the same lock file: they need not be fetched again for a stage that is not shipped.
    if (text === 'npm ci' && existsSync(join(this.context.root, 'node_modules'))) {
      symlinkSync(join(this.context.root, 'node_modules'), join(cwd, 'node_modules'));
      return;
    }
    const env = { ...process.env, ...built.config.env, PATH: [...built.path, process.env.PATH].join(delimiter) };
    const { status, stdout, stderr } = spawnSync('sh', ['-c', text], { cwd, env, encoding: 'utf8' });
    if (status !== 0) throw new Error(`Dockerfile:${line}: "${text}" ended with ${status}:\n${stdout}${stderr}`);
  }
}

function sourcesOf({ rest }) {
  return rest.split(/\s+/).slice(0, -1);
}

/** Hard links are enough, because nothing writes into a file that another stage has too. */
function copyTree(from, to) {
  if (!statSync(from).isDirectory()) {
    mkdirSync(dirname(to), { recursive: true });
    linkOrCopy(from, to);
    return;
  }
  mkdirSync(to, { recursive: true });
  chmodSync(to, statSync(from).mode & 0o7777);
  linkOrCopy(`${from}/.`, to);
}

function linkOrCopy(from, to) {
  const { status } = spawnSync('cp', ['-al', from, to], { stdio: 'ignore' });
  if (status !== 0) cpSync(from, to, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
}
