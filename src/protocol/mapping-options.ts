/** What a request mapper needs to be told; both client dialects take the same. */
export interface MappingOptions {
  /** `drop_params`: false refuses a field that nobody can honour with 400, true drops and lists it. */
  readonly dropParams: boolean;
  /** Largest image in decoded bytes. */
  readonly maxImageBytes: number;
  /** Chat streams carry the usage chunk even when the client did not ask for it. */
  readonly alwaysIncludeStreamUsage: boolean;
  /** A digest in hex, at least 8 characters; the protocol floor is pure and has no hash of its own. */
  readonly hash: (text: string) => string;
}
