import { setImmediate as nextTurnOfLoop } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { LoopTurns } from "./loop-turns.ts";

const OPEN = new AbortController().signal;

/** A step that blocks the event loop. */
function block(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}

describe("turns of the event loop", () => {
  it("G5: a short read doesn't wait while a long one rests, and a long one does", async () => {
    const turns = new LoopTurns();
    const order: string[] = [];
    await turns.long("greedy", OPEN);
    block(20);
    const waiting = [
      turns.long("greedy", OPEN).then(() => order.push("long")),
      turns.long("another", OPEN).then(() => order.push("long of another")),
      turns.short("greedy", OPEN).then(() => order.push("short")),
      turns.short("another", OPEN).then(() => order.push("short of another")),
    ];
    await Promise.all(waiting);
    expect(order).toEqual(["short of another", "short", "long of another", "long"]);
  });

  it("a short read that is alone doesn't wait, and a second one waits for another iteration", async () => {
    const turns = new LoopTurns();
    const order: string[] = [];
    await Promise.all([
      nextTurnOfLoop().then(() => order.push("next iteration")),
      turns.short("one", OPEN).then(() => order.push("first")),
      turns.short("another", OPEN).then(() => order.push("second")),
    ]);
    expect(order).toEqual(["first", "next iteration", "second"]);
  });

  it("G5: a short read comes in the next iterations, however long a long one has blocked the event loop", async () => {
    const turns = new LoopTurns();
    await turns.long("greedy", OPEN);
    block(50);
    let isWaiting = true;
    const waiting = turns.short("other", OPEN).then(() => {
      isWaiting = false;
    });
    let loops = 0;
    for (; isWaiting; loops += 1) await nextTurnOfLoop();
    await waiting;
    expect(loops).toBeLessThan(10);
  });

  it("G5: long turns go on if the event loop is never idle", async () => {
    const turns = new LoopTurns();
    let isBusy = true;
    const work = (): void => {
      block(1);
      if (isBusy) setImmediate(work);
    };
    work();
    for (let step = 0; step < 3; step += 1) {
      await turns.long("u", OPEN);
      block(2);
    }
    isBusy = false;
  });

  it("forgets a turn whose client has left, and gives its place to the next", async () => {
    const turns = new LoopTurns();
    const left = new AbortController();
    await turns.short("u", OPEN);
    const gone = turns.long("v", left.signal);
    left.abort(new Error("left"));
    await expect(gone).rejects.toThrow("left");
    await turns.long("w", OPEN);
    await turns.short("u", OPEN);
  });
});
