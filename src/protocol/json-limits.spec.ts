import { GatewayError } from '../kernel/errors';
import { assertDepth } from './json-limits';

function nested(levels: number): unknown {
  return JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as unknown;
}

it('lets JSON of exactly the limit pass and refuses one level more', () => {
  expect(() => {
    assertDepth(nested(5), 5);
  }).not.toThrow();
  expect(() => {
    assertDepth(nested(6), 5);
  }).toThrow(GatewayError);
});

it('counts objects and arrays alike, wherever the deep branch is', () => {
  expect(() => {
    assertDepth({ a: 1, b: [{ c: 'x' }] }, 3);
  }).not.toThrow();
  expect(() => {
    assertDepth({ a: 1, b: [{ c: 'x' }] }, 2);
  }).toThrow('2 levels');
});

it('survives nesting that would exhaust the stack, and takes scalars', () => {
  expect(() => {
    assertDepth(nested(5_000), 64);
  }).toThrow(GatewayError);
  for (const scalar of [null, 'x', 1, undefined]) {
    expect(() => {
      assertDepth(scalar, 0);
    }).not.toThrow();
  }
});
