import { ApiResponse } from '@nestjs/swagger';
import { z } from 'zod';
import { openApiWords } from './openapi-bodies';

/** Every schema of an answer, under the name that generated clients give its type. */
const schemas = z.registry<{ readonly id: string }>();
const taken = new Set<string>();

/**
 * Gives a schema of answers a name: whatever holds it refers to it, and the API reference has it once.
 *
 * Answers are not read by their schemas: these say what is sent, and a test holds real answers against them. An answer may
 * have more members in a later release, so objects are open in the reference.
 *
 * @throws {Error} when the name is taken.
 */
export function namedAnswer<S extends z.ZodType>(name: string, schema: S): S {
  if (taken.has(name)) throw new Error(`Two schemas of answers are called ${name}.`);
  taken.add(name);
  schemas.add(schema, { id: name });
  return schema;
}

/** Documents the JSON that a route answers with. */
export function jsonAnswer(schema: z.ZodType, told: Told = {}): MethodDecorator {
  return answerOf({ 'application/json': schema }, told);
}

/** The same by media type: of an event stream what each `data:` holds, of JSON lines what each line holds. */
export function answerOf(
  schemaOf: ByMediaType,
  { status = 200, description = 'The answer' }: Told = {},
): MethodDecorator {
  return ApiResponse({ status, description, content: contentOf(schemaOf) });
}

type ByMediaType = Readonly<Record<string, z.ZodType>>;

interface Told {
  /** 200 unless said otherwise. */
  readonly status?: number;
  readonly description?: string;
}

/** The `content` of a response. @throws {Error} for a schema without a name. */
export function contentOf(
  schemaOf: Readonly<Record<string, z.ZodType>>,
): Record<string, { readonly schema: SchemaRef }> {
  return Object.fromEntries(Object.entries(schemaOf).map(([type, schema]) => [type, { schema: refTo(schema) }]));
}

/** All schemas of answers, for `components.schemas`. */
export function answerSchemas(): Record<string, object> {
  const { schemas: found } = z.toJSONSchema(schemas, { ...openApiWords, uri: placeOf });
  return Object.fromEntries(Object.entries(found).map(([name, { $id: _, ...schema }]) => [name, schema]));
}

interface SchemaRef {
  readonly $ref: string;
}

function refTo(schema: z.ZodType): SchemaRef {
  const name = schemas.get(schema)?.id;
  if (name === undefined) throw new Error('A schema of an answer has no name: namedAnswer gives it one.');
  return { $ref: placeOf(name) };
}

function placeOf(name: string): string {
  return `#/components/schemas/${name}`;
}

/** A whole number. */
export const whole = z.number().meta({ type: 'integer' });

/** RFC 3339, in UTC. */
export const moment = z.string().meta({ format: 'date-time' });

/** YYYY-MM-DD, in UTC. */
export const day = z.string().meta({ format: 'date' });

/** The fields of a shape as an answer shows them: all are there, null where nothing is set. */
export function nullables<K extends string>(shape: Readonly<Record<K, z.ZodType>>): Record<K, z.ZodType> {
  const entries = Object.entries<z.ZodType>(shape).map(([name, field]) => [
    name,
    (field instanceof z.ZodOptional ? (field.unwrap() as z.ZodType) : field).nullable(),
  ]);
  return Object.fromEntries(entries) as Record<K, z.ZodType>;
}

/** Fields that are there only when they say something. */
export function optionals(fields: Iterable<string>, schema: z.ZodType = z.unknown()): Record<string, z.ZodType> {
  return Object.fromEntries([...fields].map((name) => [name, schema.optional()]));
}
