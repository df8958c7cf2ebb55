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
  /** Stops MongoDB. Only `split` has one. */
  stopStoring(): Promise<void>;
  /** Continues MongoDB. Resolves once everything is stored. */
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
  /** Tokens are those of an issuer whose keys the apps fetch (JWT_JWKS_URL). */
  readonly hasIssuer?: true;
  /** Messages that are stored before the first phase. */
  readonly stored?: readonly StoredConversation[];
}

/** A conversation of equal messages. `to` is "" for the public room. */
export interface StoredConversation {
  readonly from: string;
  readonly to: string;
  readonly count: number;
  /** Size of each content. */
  readonly bytes: number;
}

/** Returns the wrapper that limits the open files of an app. Node raises the soft limit, so both are set. */
export function openFilesLimit(maxOpenFiles: number | undefined): readonly string[] | undefined {
  return maxOpenFiles === undefined ? undefined : ["sh", "-c", `ulimit -n ${maxOpenFiles}; exec "$@"`, "sh"];
}
