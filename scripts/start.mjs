/** npm start -- --config config.yaml: builds if needed and serves. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureBuild, root } from './prepare.mjs';

ensureBuild();
// As in the container: see docs/performance.md.
const young = ['--min-semi-space-size=32', '--max-semi-space-size=32'];
const args = [...young, join(root, 'dist', 'main.js'), ...process.argv.slice(2)];
const gateway = spawn(process.execPath, args, { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => gateway.kill(signal));
gateway.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
