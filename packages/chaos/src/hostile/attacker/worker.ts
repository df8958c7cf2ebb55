import { type ChildProcess, fork } from "node:child_process";
import { basename } from "node:path";

/** A process that carries out orders, one at a time. It ends when this process ends. */
export interface Worker<Order, Result> {
  /** Rejects if the order fails or the process ends first. */
  call(order: Order): Promise<Result>;
  /** Kills the process and so closes its connections. */
  stop(): void;
}

type Reply = { readonly result: unknown } | { readonly error: string };

/** Starts a process that runs a file, with additions to the environment. The file must call `serveOrders`. */
export function startWorker<Order, Result>(file: string, env: NodeJS.ProcessEnv = {}): Worker<Order, Result> {
  const child = fork(file, { execArgv: [], env: { ...process.env, ...env } });
  return {
    call: (order) => ask(child, order, basename(file)) as Promise<Result>,
    stop: () => void child.kill("SIGKILL"),
  };
}

function ask(child: ChildProcess, order: unknown, name: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null, signal: string | null): void =>
      reject(new Error(`the process ${name} ended with ${signal ?? code}`));
    child.once("exit", onExit);
    child.once("message", (reply: Reply) => {
      child.off("exit", onExit);
      if ("error" in reply) reject(new Error(`${name}: ${reply.error}`));
      else resolve(reply.result);
    });
    child.send(order as object);
  });
}

/** Runs in the worker's process: carries out the orders of the parent process. */
export function serveOrders<Order, Result>(carryOut: (order: Order) => Promise<Result>): void {
  process.on("message", async (order: Order) => {
    const reply = await carryOut(order).then(
      (result) => ({ result }),
      (error: unknown) => ({
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      }),
    );
    process.send?.(reply satisfies Reply);
  });
  process.on("disconnect", () => process.exit(0));
}
