import { type RedisClient } from './redis-client';

/** Who listens to a channel. */
export interface ChannelListener {
  readonly onMessage: (message: string) => void;
  readonly onGap: (() => void) | undefined;
}

/** The second connection, made when somebody first listens: a connection that listens can do nothing else. */
export class RedisSubscriber {
  private client: RedisClient | undefined;
  private readonly channels = new Map<string, Set<ChannelListener>>();

  constructor(private readonly connect: () => RedisClient) {}

  /** @returns a function that ends the listening. */
  add(channel: string, listener: ChannelListener): () => void {
    const listeners = this.channels.get(channel) ?? new Set();
    listeners.add(listener);
    if (!this.channels.has(channel)) {
      this.channels.set(channel, listeners);
      const client = (this.client ??= this.connected());
      if (client.status === 'ready') this.follow(client, channel);
    } else listener.onGap?.();
    return () => {
      this.remove(channel, listener);
    };
  }

  /** Writes something, so that a connection that died silently is found dead. */
  probe(): void {
    if (this.client?.status === 'ready') this.client.ping().catch(() => undefined);
  }

  close(): void {
    this.channels.clear();
    this.client?.disconnect();
  }

  private connected(): RedisClient {
    const client = this.connect();
    client.on('error', () => undefined);
    client.on('message', (channel: string, message: string) => {
      for (const { onMessage } of this.channels.get(channel) ?? []) onMessage(message);
    });
    client.on('ready', () => {
      for (const channel of this.channels.keys()) this.follow(client, channel);
    });
    client.connect().catch(() => undefined);
    return client;
  }

  /** Subscribing twice does no harm, so every new connection simply subscribes to all. */
  private follow(client: RedisClient, channel: string): void {
    client.subscribe(channel).then(
      () => {
        for (const { onGap } of this.channels.get(channel) ?? []) onGap?.();
      },
      // The connection is gone again; the next one repeats it.
      () => undefined,
    );
  }

  private remove(channel: string, listener: ChannelListener): void {
    const listeners = this.channels.get(channel);
    listeners?.delete(listener);
    if (listeners?.size !== 0) return;
    this.channels.delete(channel);
    this.client?.unsubscribe(channel).catch(() => undefined);
  }
}
