import { basename, dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startSimulator } from './simulator';

/**
 * `node main.js --port 9100 --auth-file .cache/demo/auth.json`: starts the simulator, writes a login it accepts and
 * prints one JSON line `{"url":…,"authFile":…}` when it is ready. Stays up until it is signalled. `--host` is for containers.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      host: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '0' },
      'auth-file': { type: 'string', default: 'auth.json' },
    },
  });
  const simulator = await startSimulator({ port: Number(values.port), host: values.host });
  const path = resolve(values['auth-file']);
  const written = simulator.makeAuthFile(dirname(path), { fileName: basename(path) });
  process.stdout.write(`${JSON.stringify({ url: simulator.url, authFile: written.path })}\n`);
  const stop = (): void => {
    void simulator.close();
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
