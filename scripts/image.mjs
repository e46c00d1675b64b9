/**
 * npm run image: builds the stages of the Dockerfile into folders below .cache/image, without a container engine, and says
 * how large the content is. Tests run the gateway from there.
 *   --target NAME  stage to build (gateway)
 *   --json         one JSON line: folder, config and sizes in bytes
 */
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { alone } from './image/alone.mjs';
import { BuildContext } from './image/context.mjs';
import { readDockerfile } from './image/dockerfile.mjs';
import { StageBuilder } from './image/stages.mjs';
import { ensurePackages, root } from './prepare.mjs';

const { values: flags } = parseArgs({
  options: { target: { type: 'string', default: 'gateway' }, json: { type: 'boolean', default: false } },
});

try {
  ensurePackages();
  const cache = join(root, '.cache');
  mkdirSync(join(cache, 'image'), { recursive: true });
  const args = { VERSION: JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version };
  const stages = readDockerfile(readFileSync(join(root, 'Dockerfile'), 'utf8'), args);
  const say = (line) => console.error(line);
  const builder = new StageBuilder({ stages, context: new BuildContext(root), cache, say });
  const { folder, config } = await alone(join(cache, 'image', 'lock'), () => builder.build(flags.target));
  const sizes = sizesOf(folder, config.workdir);
  if (flags.json) console.log(JSON.stringify({ folder, config, sizes }));
  else report(folder, sizes);
} catch (error) {
  console.error(`The image could not be built: ${error.message}`);
  process.exitCode = 1;
}

/** Bytes of what the Dockerfile adds to its base: Node, packages, and the program itself. */
function sizesOf(folder, workdir) {
  const node = bytesOf(join(folder, 'usr', 'local', 'bin', 'node'));
  const packages = bytesOf(join(folder, workdir, 'node_modules'));
  return { node, packages, program: bytesOf(join(folder, workdir)) - packages };
}

function bytesOf(path) {
  if (!statSync(path).isDirectory()) return statSync(path).size;
  return readdirSync(path).reduce((sum, name) => sum + bytesOf(join(path, name)), 0);
}

function report(folder, { node, packages, program }) {
  const mebibytes = (bytes) => `${(bytes / 1_048_576).toFixed(1)} MiB`;
  console.log(`The content of the image is in ${folder}`);
  console.log(`  Node      ${mebibytes(node)}\n  packages  ${mebibytes(packages)}\n  program   ${mebibytes(program)}`);
  console.log(`  together  ${mebibytes(node + packages + program)}, without the base (distroless cc: about 23 MiB)`);
}
