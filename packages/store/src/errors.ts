/**
 * The place where history is kept cannot be used as it is, and trying again does not help: the process should say
 * the message, which is for an operator and holds no content and no password, and stop.
 */
export class StoreUnusable extends Error {
  override readonly name: string = "StoreUnusable";
}

/** Another process has this directory (L23). */
export class StoreLocked extends StoreUnusable {
  override readonly name = "StoreLocked";
  readonly dir: string;
  /** The process that has it, in words, where it is known. */
  readonly holder: string | undefined;

  constructor(dir: string, holder: string | undefined) {
    super(`${dir} is in use by ${holder ?? "another process"}: stop that one, or use another directory`);
    this.dir = dir;
    this.holder = holder;
  }
}
