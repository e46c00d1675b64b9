import { type GatewayError, invalidRequest } from '../kernel/errors';

/**
 * Refuses JSON that is nested deeper than `max` levels; an array or object at the top is level 1.
 *
 * Stops at the first branch that goes too deep, so the recursion itself never exceeds `max` frames.
 * @throws {GatewayError} 400 naming the limit.
 */
export function assertDepth(value: unknown, max: number): void {
  if (isContainer(value) && exceeds(value, max)) throw nestedTooDeep(max);
}

/** 400: more levels than the operator allows. */
export function nestedTooDeep(max: number): GatewayError {
  return invalidRequest(
    `The request body is nested deeper than ${max} levels. Flatten it, or ask the operator to raise the limit.`,
    undefined,
    'json_too_deep',
  );
}

type Container = Readonly<Record<string, unknown>> | readonly unknown[];

function exceeds(container: Container, levels: number): boolean {
  if (levels <= 0) return true;
  if (isList(container)) return container.some((child) => isContainer(child) && exceeds(child, levels - 1));
  // No list of all keys or values is made; parsed JSON inherits nothing that could be enumerated.
  for (const key in container) {
    const child = container[key];
    if (isContainer(child) && exceeds(child, levels - 1)) return true;
  }
  return false;
}

function isList(container: Container): container is readonly unknown[] {
  return Array.isArray(container);
}

function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null;
}
