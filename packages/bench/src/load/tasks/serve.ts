/** The tasks of a load process, by name. Arguments and results are cloneable data. */
// biome-ignore lint/suspicious/noExplicitAny: each task names its own argument; `Load` checks them for the caller
export type Tasks = Readonly<Record<string, (args: any) => Promise<unknown>>>;

/** A message from the parent that calls a task. */
export interface Request {
  readonly id: number;
  readonly task: string;
  readonly args: unknown;
}

/** The answer to the request with the same id. */
export type Reply =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string };

/** Runs a load process: executes the parent's requests and exits when the parent does. */
export function serve(tasks: Tasks): void {
  process.on("message", async ({ id, task, args }: Request) => {
    const reply = (reply: Reply) => process.send?.(reply);
    try {
      reply({ id, result: await tasks[task]?.(args) });
    } catch (error) {
      reply({ id, error: error instanceof Error ? error.message : String(error) });
    }
  });
  process.on("disconnect", () => process.exit(0));
}
