import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandWorld } from '../../test/support/command-world';
import { checkConfigCommand } from './check-config.command';

const world = new CommandWorld('check-config');
const key = 'general_settings: {master_key: sk-a-master-key-of-the-team-0123}\n';
const check = (env: Readonly<Record<string, string>>, ...argv: readonly string[]) =>
  checkConfigCommand(world.conditions(argv, env));

it('checks the file that a start with the same environment reads', async () => {
  mkdirSync(join(world.folder, 'etc'));
  writeFileSync(join(world.folder, 'etc', 'gateway.yaml'), key);
  writeFileSync(join(world.folder, 'path'), 'etc/gateway.yaml\n');
  expect(await check({ CONFIG_FILE_PATH: 'etc/gateway.yaml' })).toBe(0);
  // Its home is the folder of the test.
  expect(await check({ CONFIG_FILE_PATH: '~/etc/gateway.yaml' })).toBe(0);
  expect(await check({}, '--config', '~/etc/gateway.yaml')).toBe(0);
  expect(await check({ CONFIG_FILE_PATH_FILE: join(world.folder, 'path') })).toBe(0);
  expect(world.err).toBe('');
});

it('takes an empty CONFIG_FILE_PATH as none', async () => {
  writeFileSync(join(world.folder, 'config.yaml'), key);
  expect(await check({ CONFIG_FILE_PATH: '' })).toBe(0);
  expect([world.err, world.out]).toEqual(['', expect.stringContaining('No faults')]);
});
