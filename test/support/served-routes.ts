import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants';
import { RequestMethod, type Type } from '@nestjs/common';
import { ModulesContainer, Reflector } from '@nestjs/core';
import { type ListedRoute } from '../../src/http/fastify-adapter';
import { routeRule, type RouteRule } from '../../src/keys/route-group.decorator';
import { type TestBench } from './gateway';

/** A handler that Nest serves. */
export interface ServedRoute extends ListedRoute {
  readonly rule: RouteRule | undefined;
}

/** Routes of every controller, from its metadata. */
export function handlersOf({ gateway: { app } }: TestBench): readonly ServedRoute[] {
  const reflector = app.get(Reflector);
  const controllers = [...app.get(ModulesContainer).values()].flatMap((module) => [...module.controllers.values()]);
  return controllers.flatMap(({ metatype }) =>
    typeof metatype === 'function' ? routesIn(reflector, metatype as Type) : [],
  );
}

function routesIn(reflector: Reflector, controller: Type): readonly ServedRoute[] {
  const prototype = controller.prototype as object;
  return Object.getOwnPropertyNames(prototype).flatMap((name) => {
    // Not read as a member: that would run getters.
    const handler: unknown =
      name === 'constructor' ? undefined : Object.getOwnPropertyDescriptor(prototype, name)?.value;
    if (typeof handler !== 'function' || Reflect.getMetadata(PATH_METADATA, handler) === undefined) return [];
    const method = RequestMethod[Number(Reflect.getMetadata(METHOD_METADATA, handler))] ?? '?';
    const rule = reflector.getAllAndOverride<RouteRule | undefined>(routeRule, [handler as () => unknown, controller]);
    const heads = texts(Reflect.getMetadata(PATH_METADATA, controller));
    const tails = texts(Reflect.getMetadata(PATH_METADATA, handler));
    return heads.flatMap((head) => tails.map((tail) => ({ method, path: joined(head, tail), rule })));
  });
}

function texts(value: unknown): readonly string[] {
  return [value].flat().map(String);
}

function joined(...parts: readonly string[]): string {
  return `/${parts
    .flatMap((part) => part.split('/'))
    .filter((part) => part !== '')
    .join('/')}`;
}
