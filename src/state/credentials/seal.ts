import { createCipheriv, createDecipheriv, createHash, randomBytes, scryptSync } from 'node:crypto';

const layout = 'v1';
const nonceBytes = 12;
const tagBytes = 16;

interface SealKey {
  /** Short digest that tells keys apart without showing them. */
  readonly id: string;
  readonly key: Buffer;
}

/** What a seal held. */
export interface Opened {
  readonly text: string;
  /** False: sealed with an earlier key, so seal it again. */
  readonly isCurrent: boolean;
}

/**
 * Seals credentials for rest: AES-256-GCM under keys derived from the operator's salt keys. The binding (account and
 * generation) is authenticated with it, so a seal cannot be moved to another record.
 */
export class Sealer {
  private keys: readonly SealKey[] | undefined;

  /** @param secrets the current key first, then earlier ones, which only open. */
  constructor(private readonly secrets: readonly [string, ...string[]]) {}

  /** `v1.<key id>.<nonce, ciphertext and tag in base64url>` */
  seal(text: string, binding: string): string {
    const [current] = this.derived();
    if (current === undefined) throw new TypeError('a sealer has a current key');
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv('aes-256-gcm', current.key, nonce).setAAD(aad(current.id, binding));
    const sealed = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return `${layout}.${current.id}.${sealed.toString('base64url')}`;
  }

  /** Undefined when no key of ours made it, or it was changed or moved. */
  open(sealed: string, binding: string): Opened | undefined {
    const [version, id, data] = sealed.split('.');
    const keys = this.derived();
    const found = keys.find((each) => each.id === id);
    if (version !== layout || found === undefined || data === undefined) return undefined;
    const bytes = Buffer.from(data, 'base64url');
    if (bytes.length < nonceBytes + tagBytes) return undefined;
    try {
      const nonce = bytes.subarray(0, nonceBytes);
      const decipher = createDecipheriv('aes-256-gcm', found.key, nonce, { authTagLength: tagBytes });
      decipher.setAAD(aad(found.id, binding)).setAuthTag(bytes.subarray(-tagBytes));
      const text = Buffer.concat([decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()]);
      return { text: text.toString('utf8'), isCurrent: found === keys[0] };
    } catch {
      return undefined;
    }
  }

  /** Slow on purpose (the key may be a phrase of a person), so it is done once, when first needed. */
  private derived(): readonly SealKey[] {
    this.keys ??= this.secrets.map((secret) => {
      const key = scryptSync(secret, 'codex-gateway credentials', 32, { N: 16_384, r: 8, p: 1 });
      return { key, id: createHash('sha256').update('key id').update(key).digest('hex').slice(0, 8) };
    });
    return this.keys;
  }
}

function aad(keyId: string, binding: string): Buffer {
  return Buffer.from(`${layout}\0${keyId}\0${binding}`, 'utf8');
}
