import { type IncomingMessage } from 'node:http';
import { type AddressInfo } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import { type Clock } from '../kernel/clock';
import { leaveBodiesUnread, listenerOptions, type ListenerSettings } from './fastify-adapter';

/** Requests that came by the admin port; the routes and their rules are the same ones. */
const byAdminDoor = new WeakSet<IncomingMessage>();

/** Whether a request came by the admin port. */
export function cameByAdminDoor(raw: IncomingMessage): boolean {
  return byAdminDoor.has(raw);
}

/** Where the admin door is, and what of the listener it shares. */
export interface AdminDoorOptions {
  readonly host: string;
  readonly port: number;
  readonly settings: ListenerSettings;
  readonly clock: Clock;
}

/**
 * A second listener (`ADMIN_PORT`) in front of the same routes. It answers nothing itself: requests are marked and handed to
 * the first listener, whose guard knows which routes belong to which door.
 */
export class AdminDoor {
  private constructor(
    private readonly listener: FastifyInstance,
    private readonly host: string,
  ) {}

  /** @throws {Error} of the system when the port cannot be had. */
  static async open(main: FastifyInstance, { host, port, settings, clock }: AdminDoorOptions): Promise<AdminDoor> {
    const listener = fastify(listenerOptions(settings, clock));
    leaveBodiesUnread(listener);
    listener.all('*', (request, reply) => {
      reply.hijack();
      byAdminDoor.add(request.raw);
      main.routing(request.raw, reply.raw);
    });
    await listener.listen({ host, port });
    return new AdminDoor(listener, host);
  }

  /** The address a person can open: a wildcard host is shown as loopback. */
  get url(): string {
    const { port } = this.listener.server.address() as AddressInfo;
    const shown = this.host === '0.0.0.0' || this.host === '::' ? '127.0.0.1' : this.host;
    return `http://${shown.includes(':') ? `[${shown}]` : shown}:${port}`;
  }

  /** Ends what still runs here. */
  async close(): Promise<void> {
    this.listener.server.closeAllConnections();
    await this.listener.close();
  }
}
