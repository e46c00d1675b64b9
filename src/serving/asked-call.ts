import { openPolicy } from '../kernel/principal';
import { type CanonicalCall, type NativeRequest } from '../upstream/upstream';
import { type Call } from './call';

/** What is asked of upstreams, before any hook changes it. */
export function askedCall(call: Call): NativeRequest | CanonicalCall {
  if (call.dialect === 'native') return call.native;
  const { isCodexCli: fromCodexCli, principal } = call.context;
  const { codexMode, maxEffort } = principal?.policy ?? openPolicy;
  const { client, isWire } = call;
  return { kind: 'canonical', request: client.canonical, isWire, fromCodexCli, codexMode, effortCeiling: maxEffort };
}
