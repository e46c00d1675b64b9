/** npm start -- --config config.yaml: builds if needed and serves. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureBuild, root } from './prepare.mjs';

ensureBuild();
const gateway = spawn(process.execPath, [join(root, 'dist', 'main.js'), ...process.argv.slice(2)], {
  stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => gateway.kill(signal));
gateway.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
