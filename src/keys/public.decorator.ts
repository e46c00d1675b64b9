import { type CustomDecorator, SetMetadata } from '@nestjs/common';

/** Metadata key that the key guard looks for. */
export const publicRoute = 'codex-gateway:public';

/** Opens a route, or all routes of a controller, to callers without a key. Every other route asks for one. */
export const Public = (): CustomDecorator => SetMetadata(publicRoute, true);
