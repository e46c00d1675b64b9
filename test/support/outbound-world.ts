import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { type OutboundRequest } from '../../src/outbound/outbound';
import { UndiciOutbound } from '../../src/outbound/undici-outbound';
import { settingsFor, type SettingsChanges } from './settings-for';

/** A server that does what a test tells it, and the ways out to it. Opened before each test and closed after it. */
export class OutboundWorld {
  answer: (request: IncomingMessage, response: ServerResponse) => void = (_, response) => response.end();
  url = '';
  readonly server: Server;
  private readonly open: UndiciOutbound[] = [];

  constructor() {
    this.server = createServer((request, response) => {
      this.answer(request, response);
    });
  }

  async listen(): Promise<void> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    await Promise.all(this.open.splice(0).map((outbound) => outbound.close()));
    this.server.closeAllConnections();
    this.server.close();
  }

  /** A way out that may call `target`. */
  outboundTo(target: string, changes?: SettingsChanges): UndiciOutbound {
    const outbound = new UndiciOutbound(settingsFor(target, changes));
    this.open.push(outbound);
    return outbound;
  }

  get(path = '/x', changes: Partial<OutboundRequest> = {}): OutboundRequest {
    return { method: 'GET', url: `${this.url}${path}`, headers: {}, headersMs: 5_000, ...changes };
  }
}
