import type { Target } from "../load/socket/connection.ts";

/** A chat server that can be measured: Parley, or another one beside it under the same load. */
export interface Subject {
  readonly name: string;
  /** A fresh one, with nothing in it. */
  start(): Promise<RunningSubject>;
}

export interface RunningSubject {
  readonly target: Target;
  /** Whose CPU and memory is counted: what holds the WebSockets, and the Redis that it has, if any. */
  readonly pids: Readonly<Record<"server" | "redis", readonly number[]>>;
  /** Of its Redis, where it has one. */
  readonly redisPort?: number;
  /** What lets `count` different users in: `name-0`, `name-1` and so on. */
  tokens(count: number, name: string): Promise<string[]>;
  /** Lets the servers' memory hold no more than what is in use. */
  collectGarbage(): Promise<void>;
  stop(): Promise<void>;
}
