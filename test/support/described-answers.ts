import { Ajv, type ValidateFunction } from 'ajv';
import { type ReadAnswer, send } from './calls';
import { type TestBench } from './gateway';

/** A schema as OpenAPI 3.0 has it. */
type Schema = Readonly<Record<string, unknown>>;

interface Described {
  readonly headers?: Readonly<Record<string, { readonly $ref: string }>>;
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
}

/** One route of the document. */
export interface Operation {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, Described | { readonly $ref: string }>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly headers: Readonly<Record<string, { readonly required: boolean }>>;
    readonly responses: Readonly<Record<string, Described>>;
  };
}

/** An answer of the document that a real one fits. */
export interface Met {
  readonly route: string;
  readonly status: number;
  readonly mediaType: string;
}

/** Holds real answers against the API reference. Members that the reference does not have are faults. */
export class DescribedAnswers {
  private readonly ajv = new Ajv({ allErrors: true, allowUnionTypes: true, formats, keywords: ['components'] });
  private readonly operations: ReadonlyMap<string, Operation>;
  /** Places of the reference where something was found: the items of lists, the values of maps, the kinds of a choice. */
  private readonly seen = new Set<string>();

  private constructor(private readonly document: Document) {
    const { schemas } = document.components;
    this.ajv.addSchema({ $id: 'reference', components: { schemas: closed(schemas) } });
    this.operations = new Map(
      Object.entries(document.paths).flatMap(([path, verbs]) =>
        Object.entries(verbs).map(([verb, operation]) => [`${verb.toUpperCase()} ${path}`, operation] as const),
      ),
    );
  }

  /** Of a running gateway. */
  static async of(bench: Pick<TestBench, 'url' | 'key'>): Promise<DescribedAnswers> {
    return new DescribedAnswers((await send(bench, '/openapi.json')).json as Document);
  }

  /** Every route, as `GET /v1/models/{id}`. */
  get routes(): ReadonlyMap<string, Operation> {
    return this.operations;
  }

  /** Names of the schemas. */
  get schemas(): readonly string[] {
    return Object.keys(this.document.components.schemas);
  }

  /** Which answers of the document there are: status and media type. */
  mediaTypesOf({ responses }: Operation): readonly (readonly [status: string, mediaType: string])[] {
    return Object.entries(responses).flatMap(([status, answer]) =>
      Object.keys(this.resolved(answer).content ?? {}).map((mediaType) => [status, mediaType] as const),
    );
  }

  /** Places in the schemas of answers where no answer had anything yet: a list that was empty always proves nothing. */
  get unseen(): readonly string[] {
    const { schemas } = this.document.components;
    return Object.entries(schemas)
      .flatMap(([name, schema]) => placesIn(schema, name))
      .filter((place) => !this.seen.has(place));
  }

  /** @returns what the answer is in the document. @throws {Error} that lists what does not fit. */
  judge(method: string, url: string, answer: ReadAnswer): Met {
    const { status, text } = answer;
    const route = this.routeOf(method, url.split('?')[0] ?? '');
    const declared = this.declared(route, status);
    if (declared === undefined) throw new Error(`${route} may not answer ${status}: ${text}`);
    const mediaType = answer.headers.get('content-type')?.split(';')[0] ?? '';
    const schema = declared.content?.[mediaType]?.schema;
    if (schema === undefined) throw new Error(`${route} may not answer ${status} as ${mediaType}: ${text}`);
    const needed = Object.keys(declared.headers ?? {}).filter(
      (name) => this.document.components.headers[name]?.required === true,
    );
    const missing = needed.filter((name) => !answer.headers.has(name));
    const faults = valuesOf(mediaType, text).flatMap((value) => this.faultsOf(schema, value));
    if (missing.length + faults.length === 0) return { route, status, mediaType };
    throw new Error([`${route} ${status}`, ...missing, ...faults, text.slice(0, 4_000)].join('\n'));
  }

  private declared(route: string, status: number): Described | undefined {
    const { [String(status)]: exact, default: refusal } = this.operations.get(route)?.responses ?? {};
    const answer = exact ?? (status >= 400 ? refusal : undefined);
    return answer === undefined ? undefined : this.resolved(answer);
  }

  private faultsOf(schema: Schema, value: unknown): readonly string[] {
    const fits = this.validator(schema);
    if (!fits(value))
      return (fits.errors ?? []).map(
        ({ instancePath, message, params }) => `${instancePath} ${message ?? ''} ${JSON.stringify(params)}`,
      );
    this.look(schema, value, '');
    return [];
  }

  /** Notes where something was found. */
  private look(schema: Schema, value: unknown, place: string): void {
    if (value === null || value === undefined) return;
    const { anyOf = [], items } = schema as Looked;
    this.lookAtParts(schema, value, place);
    for (const [at, kind] of anyOf.entries())
      if (this.validator(closed(kind) as Schema)(value)) this.found(kind, value, `${place}|${at}`);
    if (items !== undefined) for (const each of value as readonly unknown[]) this.found(items, each, `${place}[]`);
    if (typeof value === 'object') this.lookInside(schema, value, place);
  }

  private lookAtParts({ $ref = '', allOf = [] }: Looked, value: unknown, place: string): void {
    const name = nameOf($ref);
    if (name !== '') this.look(this.document.components.schemas[name] ?? {}, value, name);
    for (const part of allOf) this.look(part, value, place);
  }

  private lookInside({ properties = {}, additionalProperties: others }: Looked, value: object, place: string): void {
    for (const [member, each] of Object.entries(value)) {
      const known = properties[member];
      if (known !== undefined) this.look(known, each, `${place}.${member}`);
      else if (typeof others === 'object') this.found(others, each, `${place}{}`);
    }
  }

  private found(schema: Schema, value: unknown, place: string): void {
    this.seen.add(place);
    this.look(schema, value, place);
  }

  private validator(schema: Schema): ValidateFunction {
    return this.ajv.compile(inReference(schema) as Schema);
  }

  private routeOf(method: string, path: string): string {
    const exact = `${method} ${path}`;
    if (this.operations.has(exact)) return exact;
    const fitting = [...this.operations.keys()].filter((route) =>
      new RegExp(`^${route.replace(/\{\w+\}/g, '[^/]+')}$`).test(exact),
    );
    if (fitting[0] === undefined) throw new Error(`The document has no ${exact}.`);
    return fitting[0];
  }

  private resolved(answer: Described | { readonly $ref: string }): Described {
    return '$ref' in answer ? (this.document.components.responses[nameOf(answer.$ref)] ?? {}) : answer;
  }
}

interface Looked {
  readonly $ref?: string;
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
}

const formats = {
  'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)$/,
  date: /^\d{4}-\d\d-\d\d$/,
};

/** Lists, maps with described values, and choices below a schema; what it refers to has places of its own. */
function placesIn(schema: Schema, place: string): readonly string[] {
  const { allOf, anyOf, items, properties, additionalProperties: others } = schema as Looked;
  const below = (part: Schema, at: string): readonly string[] => [at, ...placesIn(part, at)];
  return [
    ...(allOf ?? []).flatMap((part) => placesIn(part, place)),
    ...(anyOf ?? []).flatMap((kind, at) => below(kind, `${place}|${at}`)),
    ...(items === undefined ? [] : below(items, `${place}[]`)),
    ...Object.entries(properties ?? {}).flatMap(([name, part]) => placesIn(part, `${place}.${name}`)),
    ...(typeof others === 'object' && Object.keys(others).length > 0 ? below(others, `${place}{}`) : []),
  ];
}

/** The values that an answer holds: one of JSON or text, one for each event or line. */
function valuesOf(mediaType: string, text: string): readonly unknown[] {
  if (mediaType === 'application/json') return [JSON.parse(text)];
  if (mediaType === 'application/jsonl')
    return text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
  if (mediaType !== 'text/event-stream') return [text];
  return [...text.matchAll(/^data: (?!\[DONE\])(.*)$/gm)].map(([, data = '']) => JSON.parse(data) as unknown);
}

/**
 * In the words of JSON Schema, and closed: an object that says its members has no others. The reference leaves objects open,
 * since a later release may tell more; that clients which were made from this one stay whole is its business, not this test's.
 */
function closed(schema: unknown): unknown {
  if (typeof schema !== 'object' || schema === null) return schema;
  if (Array.isArray(schema)) return schema.map(closed);
  const words = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]));
  const { allOf, nullable, ...rest } = words;
  // Of a reference that may be null OpenAPI 3.0 says both beside each other.
  if (allOf !== undefined && nullable === true) return { ...rest, anyOf: [{ allOf }, { type: 'null' }] };
  const isOpen = words['type'] !== 'object' || words['properties'] === undefined || 'additionalProperties' in words;
  return isOpen ? words : { ...words, additionalProperties: false };
}

/** The same with references that lead into the document. */
function inReference(schema: unknown): unknown {
  const text = JSON.stringify(schema).replaceAll('"$ref":"#/', '"$ref":"reference#/');
  return JSON.parse(text) as unknown;
}

function nameOf(ref: string): string {
  return ref.slice(ref.lastIndexOf('/') + 1);
}
