/** What a verifier tells its app, which counts and logs it. Never a token or a key. */
export type AuthEvent =
  /** The key set was fetched: how many keys it holds. */
  | { readonly type: "jwks-fetched"; readonly keys: number; readonly ms: number }
  /** It could not be fetched, or was no key set. Keys known before stay in use for a while. */
  | { readonly type: "jwks-failed"; readonly reason: string; readonly ms: number };
