import { type CustomDecorator } from '@nestjs/common';
import { RouteGroup } from './route-group.decorator';

/** Opens a route, or all routes of a controller, to callers without a key. Every other route asks for one. */
export const Public = (): CustomDecorator => RouteGroup('public');
