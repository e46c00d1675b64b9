import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';

/** One alert as it came. */
export interface ReceivedAlert {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
}

/** How the receiver answers: a status, a status with `retry-after` seconds, or never. */
export type ReceiverAnswer = number | { readonly status: number; readonly retryAfter: string } | 'never';

/** A receiver of webhooks on loopback that keeps what it gets. */
export class AlertReceiver {
  readonly received: ReceivedAlert[] = [];
  /** Answers of the next requests; 200 when there is none left. */
  readonly answers: ReceiverAnswer[] = [];
  private readonly hanging = new Set<ServerResponse>();
  private server: Server | undefined;
  private port = 0;

  /** Listens; after `stop` on the same port again. */
  async start(): Promise<void> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        const json = JSON.parse(text) as Record<string, unknown>;
        this.received.push({ path: request.url ?? '', headers: request.headers, text, json });
        this.answer(response);
      });
    });
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** From here on connections are refused. */
  async stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (server === undefined) return;
    for (const response of this.hanging) response.destroy();
    await new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
      server.closeAllConnections();
    });
  }

  /** Waits until so many have come. @throws {Error} when they do not come in time. */
  async until(count: number, withinMs = 60_000): Promise<readonly ReceivedAlert[]> {
    const endMs = Date.now() + withinMs;
    while (this.received.length < count) {
      if (Date.now() > endMs) throw new Error(`${this.received.length} of ${count} alerts came`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return this.received;
  }

  private answer(response: ServerResponse): void {
    const answer = this.answers.shift() ?? 200;
    if (answer === 'never') {
      this.hanging.add(response);
      return;
    }
    const { status, retryAfter } = typeof answer === 'number' ? { status: answer, retryAfter: undefined } : answer;
    response.writeHead(status, retryAfter === undefined ? {} : { 'retry-after': retryAfter }).end('ok');
  }
}

/** What a careful receiver does: the signature is ours, and not an old one. */
export function isSigned({ headers, text }: ReceivedAlert, secret: string, nowMs = Date.now()): boolean {
  const [, seconds = '', digest = ''] =
    /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['x-codex-gateway-signature'])) ?? [];
  const isFresh = Math.abs(nowMs / 1_000 - Number(seconds)) < 300;
  return isFresh && createHmac('sha256', secret).update(`${seconds}.${text}`).digest('hex') === digest;
}
