import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';

/** A receiver on loopback that takes everything and keeps it, heads among it. */
export class HttpSink {
  readonly received: string[] = [];
  private readonly server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const head = `${request.method ?? ''} ${request.url ?? ''}\n${request.rawHeaders.join('\n')}`;
      this.received.push(`${head}\n\n${Buffer.concat(chunks).toString('latin1')}`);
      response.writeHead(200).end();
    });
  });

  private constructor() {
    // Made by `start`.
  }

  static async start(): Promise<HttpSink> {
    const sink = new HttpSink();
    await new Promise<void>((resolve) => sink.server.listen(0, '127.0.0.1', resolve));
    return sink;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.closeAllConnections();
      this.server.close(() => {
        resolve();
      });
    });
  }
}
