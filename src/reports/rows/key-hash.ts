import { hash } from 'node:crypto';

/** The hash under which a key's figures stand: a plain key (`sk-…`) is hashed, anything else is taken for the hash. */
export function hashOfKey(keyOrHash: string): string {
  return keyOrHash.startsWith('sk-') ? hash('sha256', keyOrHash) : keyOrHash;
}
