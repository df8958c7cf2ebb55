import type { App } from "@parley/local";

export const SHAPES = ["split", "standalone"] as const;

/** The system under attack: separate processes with Redis and MongoDB, or everything in one process. */
export type Shape = (typeof SHAPES)[number];

/** A running system under attack, with its limits at their defaults except for what the options change. */
export interface Target {
  readonly shape: Shape;
  /** The process that is attacked and that serves the users. It may be the same as `history`. */
  readonly gateway: App;
  readonly history: App;
  /** Every process of the product. */
  readonly apps: readonly App[];
  token(user: string): Promise<string>;
  /** Freezes MongoDB, so that nothing is stored. Only `split` has a MongoDB. */
  stopStoring(): Promise<void>;
  /** Lets MongoDB continue. Resolves once everything is stored. */
  resumeStoring(): Promise<void>;
  /** Resolves once everything is stored. */
  untilStored(): Promise<void>;
  stop(): Promise<void>;
}

export interface TargetOptions {
  /** Added to the environment of every app. */
  readonly env?: Readonly<Record<string, string>>;
  /** Limit of open files of every app. */
  readonly maxOpenFiles?: number;
  /** True if the tokens come from an issuer whose keys the apps fetch (JWT_JWKS_URL). */
  readonly hasIssuer?: true;
  /** Messages that are stored before the first phase. */
  readonly stored?: readonly StoredConversation[];
}

/** A conversation whose messages all have the same content. `to` is "" for the public room. */
export interface StoredConversation {
  readonly from: string;
  readonly to: string;
  readonly count: number;
  /** Size of each message's content. */
  readonly bytes: number;
}

/**
 * Returns the command that starts an app with a limit of open files. Node raises the soft limit up to the hard limit,
 * so the command sets both.
 */
export function openFilesLimit(maxOpenFiles: number | undefined): readonly string[] | undefined {
  return maxOpenFiles === undefined ? undefined : ["sh", "-c", `ulimit -n ${maxOpenFiles}; exec "$@"`, "sh"];
}
