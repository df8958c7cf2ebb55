/** An event of a verifier, for logs and metrics. Never contains a token or a key. */
export type AuthEvent =
  /** The key set was fetched. `keys` is the number of keys in it. */
  | { readonly type: "jwks-fetched"; readonly keys: number; readonly ms: number }
  /** The key set couldn't be fetched or was invalid. Known keys stay in use until they are too old. */
  | { readonly type: "jwks-failed"; readonly reason: string; readonly ms: number };
