import { type Settings } from '../config/settings';
import { type CodexIdentity } from './codex-headers';
import { gatewayVersion } from './gateway-version';

const known = new WeakMap<Settings, CodexIdentity>();

/** Who this process says it is; worked out once per settings. */
export function codexIdentity(settings: Settings): CodexIdentity {
  const before = known.get(settings);
  if (before !== undefined) return before;
  const { originator, clientVersion } = settings.codex;
  const identity = { originator, clientVersion, userAgent: `${originator}/${gatewayVersion()}` };
  known.set(settings, identity);
  return identity;
}
