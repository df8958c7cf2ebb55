import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { Script, Step } from "./script.ts";

/** Longest wait for an answer that may never come. */
const ANSWER_MS = 40;
const STAY_MS = 100;

/** Plays a script against a port of 127.0.0.1. Resolves once the client has ended its connection. */
export async function play({ steps, end }: Script, port: number): Promise<void> {
  const socket = connect({ port, host: "127.0.0.1" });
  // A wait that ended early leaves its listeners behind, so there can be many.
  socket.setMaxListeners(0);
  socket.on("error", () => undefined).on("data", () => undefined);
  try {
    await Promise.race([once(socket, "connect"), once(socket, "close"), delay(1_000)]);
    for (const step of steps) {
      if (socket.destroyed) return;
      await perform(step, socket);
    }
    if (end === "rst") socket.resetAndDestroy();
    if (end === "fin") socket.end();
    if (end !== "rst" && !socket.destroyed) await Promise.race([once(socket, "close"), delay(STAY_MS)]);
  } catch {
    // The server reset the connection while a step waited for it. Servers may do that.
  } finally {
    socket.destroy();
  }
}

async function perform(step: Step, socket: Socket): Promise<void> {
  if (step === "stop reading") socket.pause();
  else if (step === "answer")
    await Promise.race([once(socket, "data"), once(socket, "close"), delay(ANSWER_MS)]);
  else if ("send" in step) socket.write(step.send);
  else await delay(step.waitMs);
}
