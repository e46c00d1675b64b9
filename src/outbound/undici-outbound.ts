import { Inject, Injectable, type OnApplicationShutdown, Optional } from '@nestjs/common';
import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici';
import { SETTINGS } from '../config/config.module';
import { type Settings } from '../config/settings';
import { SettingsChanges } from '../config/settings-holder';
import { memoized } from '../kernel/memo';
import { allowedOrigins } from './allowed-origins';
import { Exchange } from './exchange';
import { Outbound, type OutboundRequest, type OutboundResponse } from './outbound';

interface Target {
  readonly origin: string;
  readonly path: string;
}

/** Idle sockets are kept this long when the server does not say; shorter than the usual minute of load balancers. */
const keepAliveMs = 30_000;
/** Distinct URLs whose parts are remembered; a gateway calls a handful. */
const rememberedUrls = 256;

/** Outbound over undici's `dispatch`, the cheapest door it has: no streams, no fetch, no redirects. */
@Injectable()
export class UndiciOutbound extends Outbound implements OnApplicationShutdown {
  private readonly dispatcher: Dispatcher;
  /** Those of every settings that were in force: calls that began before a change end where they began. */
  private readonly origins: Set<string>;
  private readonly targetOf = memoized(rememberedUrls, (url: string) => this.read(url));

  constructor(@Inject(SETTINGS) settings: Settings, @Optional() changes?: SettingsChanges) {
    super();
    this.origins = allowedOrigins(settings);
    changes?.onChange((now) => {
      for (const origin of allowedOrigins(now)) this.origins.add(origin);
    });
    this.dispatcher = dispatcherFor(settings);
  }

  async send(request: OutboundRequest): Promise<OutboundResponse> {
    const { origin, path } = this.targetOf(request.url);
    const { method, headers, body } = request;
    return new Exchange(request).open((handler) => {
      this.dispatcher.dispatch({ origin, path, method, headers, body: body ?? null }, handler);
    });
  }

  /** Cuts what is still running: by now the drain has had its time. */
  async close(): Promise<void> {
    await this.dispatcher.destroy();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.close();
  }

  private read(url: string): Target {
    const { origin, pathname, search } = new URL(url);
    if (!this.origins.has(origin)) throw new Error(`origin not named in the settings: ${origin}`);
    return { origin, path: pathname + search };
  }
}

/** Timeouts of undici are off: every call carries its own clocks. */
function dispatcherFor({ proxy, times }: Settings): Dispatcher {
  const options = {
    bodyTimeout: 0,
    headersTimeout: 0,
    connections: null,
    pipelining: 1,
    keepAliveTimeout: keepAliveMs,
    connect: { timeout: times.connectMs },
  };
  if (proxy.http === '' && proxy.https === '') return new Agent(options);
  try {
    return new EnvHttpProxyAgent({ ...options, httpProxy: proxy.http, httpsProxy: proxy.https, noProxy: proxy.no });
  } catch {
    // The library's error quotes the address, which may hold a password, so it is no cause either.
    throw new Error('HTTP_PROXY or HTTPS_PROXY is not an address of a proxy that can be used');
  }
}
