import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ModuleKind, ScriptTarget, transpileModule } from 'typescript';
import { LineBuffer } from './line-buffer';

describe('LineBuffer', () => {
  let written: string[];
  let flushes: number;
  let buffer: LineBuffer;

  const flush = (): void => {
    flushes += 1;
  };

  beforeEach(() => {
    jest.useFakeTimers();
    written = [];
    flushes = 0;
    buffer = new LineBuffer({ write: (text) => void written.push(text), flush, flushSync: flush });
  });
  afterEach(() => {
    buffer.flushSync();
    jest.useRealTimers();
  });

  it('writes lines together, in order, a quarter of a second after the first', () => {
    buffer.write('a\n');
    jest.advanceTimersByTime(200);
    buffer.write('b\n');
    expect(written).toEqual([]);
    jest.advanceTimersByTime(50);
    expect(written).toEqual(['a\nb\n']);
    expect(flushes).toBe(1);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('does not wait when there is enough', () => {
    const line = `${'x'.repeat(1_000)}\n`;
    for (let count = 0; count < 17; count += 1) buffer.write(line);
    expect(written).toEqual([line.repeat(17)]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('writes out what it holds when it is flushed, and flushes what is behind it', () => {
    buffer.write('a\n');
    buffer.flushSync();
    expect(written).toEqual(['a\n']);
    expect(flushes).toBe(1);
    buffer.flushSync();
    expect(written).toEqual(['a\n']);
  });
});

it('loses no line of a process that ends at once', () => {
  const source = readFileSync(join(__dirname, 'line-buffer.ts'), 'utf8');
  const compilerOptions = { module: ModuleKind.CommonJS, target: ScriptTarget.ES2022 };
  const { outputText } = transpileModule(source, { compilerOptions });
  const script = `${outputText}
    exports.standardOutput().write('last words\\n');
    process.exit(3);`;
  const { status, stdout } = spawnSync(process.execPath, ['-e', script], { cwd: __dirname, encoding: 'utf8' });
  expect([status, stdout]).toEqual([3, 'last words\n']);
});
