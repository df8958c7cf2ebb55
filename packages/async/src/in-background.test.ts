import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, it } from "vitest";
import { inBackground } from "./in-background.ts";

it("work that fails before it is awaited isn't an unhandled rejection, and its error comes when it is awaited", async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => void unhandled.push(reason);
  process.on("unhandledRejection", note);
  const work = inBackground(Promise.reject(new Error("early")));
  await nextTurn();
  await nextTurn();
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
  await expect(work).rejects.toThrow("early");
  expect(await inBackground(Promise.resolve(7))).toBe(7);
});
