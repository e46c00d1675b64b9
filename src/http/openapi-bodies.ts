import { ApiBody, ApiQuery } from '@nestjs/swagger';
import { z } from 'zod';

/** What reads a body: a whole schema, or the fields of one, each of which may be left out. */
type Read = z.core.$ZodLooseShape | z.ZodType;

/** Documents a JSON body by the schema that reads it. */
export function jsonBody(read: Read): MethodDecorator {
  return ApiBody({ schema: schemaOf(read) });
}

/** The same for a route that may be asked without a body. */
export function optionalJsonBody(read: Read): MethodDecorator {
  return ApiBody({ schema: schemaOf(read), required: false });
}

/** Documents query parameters, all optional texts. */
export function queries(...names: readonly string[]): MethodDecorator {
  return (target, property, descriptor) => {
    for (const name of names) ApiQuery({ name, required: false, type: String })(target, property, descriptor);
  };
}

/** In the words of OpenAPI 3.0, which the document is of. Values that are read from several forms are shown without a type. */
export const openApiWords = {
  io: 'input',
  unrepresentable: 'any',
  target: 'openapi-3.0',
  // A list of words holds for null too, so one that may be null has to name it.
  override: ({ jsonSchema: words }: { readonly jsonSchema: z.core.JSONSchema.BaseSchema }): void => {
    if (words.nullable === true && words.enum?.includes(null) === false) words.enum = [...words.enum, null];
  },
} as const;

function schemaOf(read: Read): Record<string, unknown> {
  const schema = read instanceof z.ZodType ? read : z.object(read).partial();
  return { ...z.toJSONSchema(schema, openApiWords) };
}
