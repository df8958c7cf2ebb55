import { ChatError } from "@parley/models";

/**
 * Why an operation was unavailable. `slow`: the database didn't answer in time. `unreachable`: there is no connection
 * to it. `failing`: it answered with an error.
 */
export type StoreProblem = "slow" | "unreachable" | "failing";

/** The database can't answer an operation now. The outcome of a write is unknown. */
export class StoreUnavailable extends ChatError {
  readonly problem: StoreProblem;

  /** `reason` is the kind of the database's error. */
  constructor(problem: StoreProblem, reason?: string) {
    super("unavailable", reason === undefined ? {} : { cause: new Error(reason) });
    this.problem = problem;
  }
}

/**
 * The database can't be used as it is, and a retry doesn't help. The process should print the message and exit. The
 * message is for an operator and contains no content and no password.
 */
export class StoreUnusable extends Error {
  override readonly name: string = "StoreUnusable";
}

/** Another process uses the directory (L23). */
export class StoreLocked extends StoreUnusable {
  override readonly name = "StoreLocked";
  readonly dir: string;
  /** A description of the other process, if known. */
  readonly owner: string | undefined;

  constructor(dir: string, owner: string | undefined) {
    super(`${dir} is in use by ${owner ?? "another process"}: stop that process or set another directory`);
    this.dir = dir;
    this.owner = owner;
  }
}
