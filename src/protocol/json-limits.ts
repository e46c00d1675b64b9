import { invalidRequest } from '../kernel/errors';

/**
 * Refuses JSON that is nested deeper than `max` levels; an array or object at the top is level 1.
 *
 * Stops at the first branch that goes too deep, so the recursion itself never exceeds `max` frames.
 * @throws {GatewayError} 400 naming the limit.
 */
export function assertDepth(value: unknown, max: number): void {
  if (isContainer(value) && exceeds(value, max)) {
    throw invalidRequest(
      `The request body is nested deeper than ${max} levels. Flatten it, or ask the operator to raise the limit.`,
      undefined,
      'json_too_deep',
    );
  }
}

function exceeds(container: object, levels: number): boolean {
  if (levels <= 0) return true;
  const children: readonly unknown[] = Array.isArray(container) ? container : Object.values(container);
  for (const child of children) {
    if (isContainer(child) && exceeds(child, levels - 1)) return true;
  }
  return false;
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
