import { CommandRefused } from './login-words';

/** The address with a path, if it has one, and nothing else. @throws {CommandRefused} */
export function baseOf(url: string): string {
  const address = URL.canParse(url) ? new URL(url) : undefined;
  if (address === undefined || !/^https?:$/.test(address.protocol) || address.username !== '' || address.search !== '')
    throw new CommandRefused('--url must be an http or https address, for example http://127.0.0.1:4000');
  return `${address.origin}${address.pathname}`.replace(/\/+$/, '');
}
