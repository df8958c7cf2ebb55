import { type ChildProcess, fork } from "node:child_process";
import { basename, join } from "node:path";
import type { Reply, Request, Tasks } from "./tasks/serve.ts";

/** A load process, as seen by the process that measures. */
export interface Load<T extends Tasks> {
  readonly pid: number;
  /** Runs a task in the load process. Rejects if the task fails or the process ends first. */
  call<Name extends keyof T & string>(
    task: Name,
    ...args: Parameters<T[Name]>
  ): Promise<Awaited<ReturnType<T[Name]>>>;
  /** Kills the load process, which closes its connections. */
  stop(): void;
}

/** Starts `load/tasks/<name>.ts` or another file as a separate process, so that its CPU time is counted separately. */
export function startLoad<T extends Tasks>(
  name: "listen" | "send" | "chat" | "bus" | "get" | { file: string },
): Load<T> {
  const file = typeof name === "string" ? join(import.meta.dirname, `tasks/${name}.ts`) : name.file;
  const child = fork(file, { serialization: "advanced" });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let lastId = 0;
  child.on("message", (reply: Reply) => settle(waiting, reply));
  child.on("exit", (code, signal) => {
    const error = new Error(`the load process ${basename(file)} ended with ${signal ?? code}`);
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  });
  return {
    pid: pidOf(child),
    call(task, ...[args]) {
      const answer = Promise.withResolvers<unknown>();
      lastId += 1;
      waiting.set(lastId, answer);
      child.send({ id: lastId, task, args } satisfies Request);
      return answer.promise as never;
    },
    stop: () => void child.kill("SIGKILL"),
  };
}

function settle(waiting: Map<number, PromiseWithResolvers<unknown>>, reply: Reply): void {
  const answer = waiting.get(reply.id);
  waiting.delete(reply.id);
  if ("error" in reply) answer?.reject(new Error(reply.error));
  else answer?.resolve(reply.result);
}

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error("the load process could not be started");
  return pid;
}
