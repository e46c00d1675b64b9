import { openPolicy } from '../kernel/principal';
import { type CanonicalCall, type NativeRequest } from '../upstream/upstream';
import { type Call } from './call';

type ClientCall = Exclude<Call, { readonly dialect: 'native' }>;

/** What is asked of upstreams, before any hook changes it. */
export function askedCall(call: Call): NativeRequest | CanonicalCall {
  return call.dialect === 'native' ? call.native : askedOfClient(call);
}

/** The same for a call of an SDK. */
export function askedOfClient({ context, client, isWire }: ClientCall): CanonicalCall {
  const { isCodexCli: fromCodexCli, principal } = context;
  const { codexMode, maxEffort } = principal?.policy ?? openPolicy;
  return { kind: 'canonical', request: client.canonical, isWire, fromCodexCli, codexMode, effortCeiling: maxEffort };
}
