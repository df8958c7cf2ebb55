/** What an adapter tells its app, which counts and logs it. Never a content, a token or a password. */
export type BusEvent =
  /** A connection for a role came up or went down. */
  | { readonly type: "connection"; readonly role: string; readonly up: boolean; readonly reason?: string }
  /**
   * One call that appended: how many drafts, how long, in ms, and how many of them were refused or are unknown; and how
   * many refs the log remembers, where it said (L5).
   */
  | {
      readonly type: "append";
      readonly drafts: number;
      readonly ms: number;
      readonly duplicates: number;
      readonly refused: number;
      readonly unknown: number;
      readonly refs?: number;
    }
  /** A hole in the live stream was filled from the log: how many messages, how long it took in ms. */
  | { readonly type: "repair"; readonly messages: number; readonly ms: number }
  /** A hole that cannot be filled (L18). */
  | { readonly type: "gap"; readonly reason: "trimmed" | "replaced" }
  /** Entries taken over from a consumer that is dead or frozen. */
  | { readonly type: "claim"; readonly entries: number }
  | { readonly type: "dead-letter"; readonly position: string; readonly reason: string }
  /** An entry of a newer format than this reader knows; it stays pending (L10). */
  | { readonly type: "newer-format"; readonly position: string; readonly version: string }
  /** An acknowledged message whose id the store gave to another one: appended again (L13). */
  | { readonly type: "id-conflict"; readonly id: string; readonly again: string }
  | { readonly type: "log-created"; readonly at: string }
  | { readonly type: "trim"; readonly entries: number }
  /** Something an operator should know and that stops nothing (L8). */
  | { readonly type: "warning"; readonly text: string };

export type Observe = (event: BusEvent) => void;
