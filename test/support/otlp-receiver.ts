import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';

/** A span as it arrived. Moments are Unix milliseconds. */
export interface ReceivedSpan {
  readonly name: string;
  /** 1 internal, 2 server, 3 client. */
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for a root. */
  readonly parentId: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly { readonly name: string; readonly atMs: number }[];
  /** 2 means error. */
  readonly status: number;
}

/** A receiver of traces, OTLP over HTTP with protobuf, on loopback. */
export class OtlpReceiver {
  readonly spans: ReceivedSpan[] = [];
  readonly resources: Readonly<Record<string, unknown>>[] = [];
  /** Bodies as they came, for searching in. */
  readonly bodies: Buffer[] = [];
  readonly paths: string[] = [];
  /** What it answers. */
  status = 200;

  private constructor(
    readonly url: string,
    private readonly ended: () => Promise<void>,
  ) {}

  static async start(): Promise<OtlpReceiver> {
    const arrived: { receiver?: OtlpReceiver } = {};
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        arrived.receiver?.take(request.url ?? '', Buffer.concat(chunks));
        response.writeHead(arrived.receiver?.status ?? 200, { 'content-type': 'application/x-protobuf' }).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const close = (): Promise<void> =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      });
    arrived.receiver = new OtlpReceiver(`http://127.0.0.1:${port}`, close);
    return arrived.receiver;
  }

  /** The spans of one trace, in the order of their begin. */
  trace(traceId: string): readonly ReceivedSpan[] {
    return this.spans.filter((span) => span.traceId === traceId).sort((one, other) => one.startMs - other.startMs);
  }

  close(): Promise<void> {
    return this.ended();
  }

  private take(path: string, body: Buffer): void {
    this.paths.push(path);
    this.bodies.push(body);
    for (const resource of messages(body, 1)) {
      for (const described of messages(resource, 1)) this.resources.push(attributesOf(described, 1));
      for (const scope of messages(resource, 2)) this.spans.push(...messages(scope, 2).map(spanOf));
    }
  }
}

interface Field {
  readonly number: number;
  readonly value: Buffer | bigint;
}

/** The fields of a protobuf message, as far as this format uses them: varints, 64 and 32 bits, and what has a length. */
function fieldsOf(message: Buffer): readonly Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message.readUInt8(at);
      at += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const bytes = (length: number): Buffer => message.subarray(at, (at += length));
  while (at < message.length) {
    const tag = Number(varint());
    const [number, wire] = [tag >> 3, tag & 7];
    if (wire === 0) fields.push({ number, value: varint() });
    else if (wire === 1) fields.push({ number, value: bytes(8) });
    else if (wire === 5) fields.push({ number, value: bytes(4) });
    else if (wire === 2) fields.push({ number, value: bytes(Number(varint())) });
    else throw new Error(`wire type ${wire}`);
  }
  return fields;
}

function messages(message: Buffer, number: number): readonly Buffer[] {
  return fieldsOf(message).flatMap((field) =>
    field.number === number && typeof field.value === 'object' ? [field.value] : [],
  );
}

function attributesOf(message: Buffer, number: number): Record<string, unknown> {
  return Object.fromEntries(
    messages(message, number).map((pair) => {
      const [name, value] = [messages(pair, 1)[0], messages(pair, 2)[0]];
      return [name?.toString() ?? '', value === undefined ? undefined : anyValue(value)];
    }),
  );
}

/** `AnyValue`: text, flag, whole number or fraction. */
function anyValue(message: Buffer): unknown {
  const [field] = fieldsOf(message);
  if (field === undefined) return undefined;
  const { number, value } = field;
  if (number === 1) return typeof value === 'object' ? value.toString() : undefined;
  if (number === 2) return value === 1n;
  if (number === 3) return Number(value);
  return typeof value === 'object' && number === 4 ? value.readDoubleLE() : undefined;
}

function spanOf(message: Buffer): ReceivedSpan {
  const fields = new Map(fieldsOf(message).map(({ number, value }) => [number, value]));
  const bytes = (number: number): Buffer => {
    const value = fields.get(number);
    return typeof value === 'object' ? value : Buffer.alloc(0);
  };
  const status = messages(message, 15)[0];
  const code = status === undefined ? undefined : fieldsOf(status).find(({ number }) => number === 3)?.value;
  return {
    name: bytes(5).toString(),
    kind: Number(fields.get(6) ?? 0),
    traceId: bytes(1).toString('hex'),
    spanId: bytes(2).toString('hex'),
    parentId: bytes(4).toString('hex'),
    startMs: momentOf(bytes(7)),
    endMs: momentOf(bytes(8)),
    attributes: attributesOf(message, 9),
    events: messages(message, 11).map((event) => ({
      name: messages(event, 2)[0]?.toString() ?? '',
      atMs: momentOf(messages(event, 1)[0] ?? Buffer.alloc(0)),
    })),
    status: Number(code ?? 0),
  };
}

/** Nanoseconds as 64 bits → milliseconds. */
function momentOf(bytes: Buffer): number {
  return bytes.length === 8 ? Number(bytes.readBigUInt64LE()) / 1e6 : 0;
}
