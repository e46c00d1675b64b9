/** Who is asking: the holder of a key, as found by its digest. Never carries the key itself. */
export interface Principal {
  readonly kind: 'master' | 'virtual';
  /** SHA-256 of the key in lower-case hex; what logs and metrics show instead of the key. */
  readonly keyHash: string;
  readonly keyAlias?: string;
  readonly teamId?: string;
  readonly userId?: string;
}
