import { ApiBody, ApiQuery } from '@nestjs/swagger';
import { z } from 'zod';

/** Documents a JSON body by the schema that reads it. */
export function jsonBody(shape: z.core.$ZodLooseShape): MethodDecorator {
  return ApiBody({ schema: schemaOf(z.object(shape).partial()) });
}

/** Documents query parameters, all optional texts. */
export function queries(...names: readonly string[]): MethodDecorator {
  return (target, property, descriptor) => {
    for (const name of names) ApiQuery({ name, required: false, type: String })(target, property, descriptor);
  };
}

/** Values that are read from several forms are shown as any value. */
function schemaOf(schema: z.ZodType): Record<string, unknown> {
  const shown = Object.entries(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));
  return Object.fromEntries(shown.filter(([name]) => name !== '$schema'));
}
