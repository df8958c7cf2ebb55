import type { AuthFailure } from "./error.ts";

/** An event of a verifier, for logs and metrics. Never contains a token or a key. */
export type AuthEvent =
  /** A setting makes tokens less safe. Reported once, when the verifier is created. */
  | { readonly type: "warning"; readonly text: string }
  /**
   * After `ms`, it is the turn of a token that isn't in the cache. `waiting` is the number of tokens that still wait.
   */
  | { readonly type: "turn"; readonly ms: number; readonly waiting: number }
  /** A token wasn't accepted. */
  | { readonly type: "refused"; readonly failure: AuthFailure }
  /** The key set was fetched. `keys` is the number of keys in it. */
  | { readonly type: "jwks-fetched"; readonly keys: number; readonly ms: number }
  /** The key set couldn't be fetched or was invalid. Known keys stay in use until they are too old. */
  | { readonly type: "jwks-failed"; readonly reason: string; readonly ms: number };
