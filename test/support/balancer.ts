import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';

interface Backend {
  readonly url: string;
  readonly agent: Agent;
  ready: boolean;
}

/** Between two questions whether a backend is ready, milliseconds. */
const probeMs = 100;

/**
 * A small load balancer: asks every backend for its readiness, spreads requests in turn over those that are ready, keeps
 * connections to them, and repeats nothing. A backend that is not ready any more keeps the requests it has.
 */
export class Balancer {
  private readonly backends = new Map<string, Backend>();
  private readonly server: Server;
  private readonly probe: NodeJS.Timeout;
  private turn = 0;

  private constructor() {
    this.server = createServer((asked, answer) => {
      this.forward(asked, answer);
    });
    // Whoever asks ends idle connections: a timer here, late on a busy machine, would cut one that carries a request again.
    this.server.keepAliveTimeout = 0;
    this.probe = setInterval(() => {
      for (const backend of this.backends.values()) void this.ask(backend);
    }, probeMs);
  }

  static async start(): Promise<Balancer> {
    const balancer = new Balancer();
    balancer.server.listen(0, '127.0.0.1');
    await once(balancer.server, 'listening');
    return balancer;
  }

  get url(): string {
    const address = this.server.address();
    return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  }

  /** Takes a backend in; it gets requests as soon as it is ready. */
  async add(url: string): Promise<void> {
    const backend = { url, agent: new Agent({ keepAlive: true }), ready: false };
    this.backends.set(url, backend);
    await this.ask(backend);
  }

  /** A backend whose process is gone. */
  remove(url: string): void {
    this.backends.get(url)?.agent.destroy();
    this.backends.delete(url);
  }

  async close(): Promise<void> {
    clearInterval(this.probe);
    for (const url of this.backends.keys()) this.remove(url);
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async ask(backend: Backend): Promise<void> {
    const asked = request(`${backend.url}/health/readiness`, { agent: false });
    asked.end();
    backend.ready = await once(asked, 'response').then(
      ([answer]: IncomingMessage[]) => {
        answer?.resume();
        return answer?.statusCode === 200;
      },
      () => false,
    );
  }

  private forward(asked: IncomingMessage, answer: ServerResponse): void {
    const ready = [...this.backends.values()].filter((backend) => backend.ready);
    this.turn += 1;
    const backend = ready[this.turn % ready.length];
    if (backend === undefined) {
      answer.writeHead(502).end('no backend is ready');
      return;
    }
    const { method, headers } = asked;
    const onward = request(backend.url + (asked.url ?? ''), { method, headers, agent: backend.agent }, (come) => {
      const kept = Object.entries(come.headers).filter(([name]) => name !== 'connection');
      answer.writeHead(come.statusCode ?? 502, Object.fromEntries(kept));
      come.pipe(answer);
      come.on('error', () => answer.destroy());
      come.on('aborted', () => answer.destroy());
    });
    onward.on('error', (error) => {
      if (answer.headersSent) answer.destroy();
      else answer.writeHead(502).end(`the backend broke: ${error.message}`);
    });
    answer.on('close', () => onward.destroy());
    asked.pipe(onward);
  }
}
