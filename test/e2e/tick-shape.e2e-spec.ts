import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const built = join(__dirname, '..', '..', 'dist', 'cli', 'tick-shape.js');

/** Compares what is kept with the object of a tick, before and after a clearing that meets no tick alive. */
const compared = `
  const { executionAsyncResource } = require('node:async_hooks');
  const tickShape = require(${JSON.stringify(built)}).keepTickShape();
  const isSame = () => %HaveSameMap(tickShape, executionAsyncResource());
  process.nextTick(() => {
    const before = isSame();
    setImmediate(() => {
      gc();
      process.nextTick(() => console.log(before, isSame(), %HaveSameMap(tickShape, { callback: isSame, args: undefined })));
    });
  });`;

describe('the shape of ticks', () => {
  it('is the one that is kept, also after all old objects were cleared', () => {
    const flags = ['--expose-gc', '--allow-natives-syntax'];
    const { stdout, stderr } = spawnSync(process.execPath, [...flags, '-e', compared], { encoding: 'utf8' });

    expect(stderr).toBe('');
    expect(stdout).toBe('true true false\n');
  });
});
