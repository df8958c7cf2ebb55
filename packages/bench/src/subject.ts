import type { Target } from "./load/connection.ts";

/** A chat server that can be measured: Parley, or another one beside it under the same load. */
export interface Subject {
  readonly name: string;
  /** A fresh one, with nothing in it. */
  start(): Promise<RunningSubject>;
}

export interface RunningSubject {
  readonly target: Target;
  /** Whose CPU and memory is counted: the process that holds the WebSockets, and what it keeps messages in. */
  readonly pids: Readonly<Record<"server" | "log", number>>;
  /** What lets `count` different users in. */
  tokens(count: number, name: string): Promise<string[]>;
  stop(): Promise<void>;
}
