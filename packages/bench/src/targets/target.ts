import type { Endpoint } from "../load/socket/connection.ts";

/** A chat server that can be measured: Parley or a peer. */
export interface Target {
  readonly name: string;
  /** What a peer must be prepared with before it can start. Missing for Parley. */
  readonly needs?: "npm" | "go";
  /** Starts a fresh, empty server. */
  start(): Promise<RunningTarget>;
}

/** A started target. */
export interface RunningTarget {
  readonly endpoint: Endpoint;
  /**
   * Processes whose CPU and memory are measured. `server`: processes that hold the WebSockets. `redis`: their Redis,
   * if any.
   */
  readonly pids: Readonly<Record<"server" | "redis", readonly number[]>>;
  /** Port of the target's Redis, if any. */
  readonly redisPort?: number;
  /** Folder in which the target, or its Redis, keeps its data. */
  readonly dataDir: string;
  /** Issues tokens for `count` users: `name-0`, `name-1` and so on. */
  tokens(count: number, name: string): Promise<string[]>;
  /** Makes the servers collect their garbage, so that their memory holds only live objects. */
  collectGarbage(): Promise<void>;
  stop(): Promise<void>;
}
