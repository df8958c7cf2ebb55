import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RequestQueue } from "./request-queue.ts";

describe("the queue of one connection", () => {
  it("G5: begins one request at a time, in order, and never keeps more than the bound", () => {
    const steps = fc.array(fc.constantFrom("add", "answer"), { maxLength: 60 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 4 }), (all, maxWaiting) => {
        const queue = new RequestQueue(maxWaiting);
        const accepted: number[] = [];
        const begun: number[] = [];
        let answered = 0;
        all.forEach((step, at) => {
          if (step === "add") {
            if (queue.add(() => begun.push(at))) accepted.push(at);
          } else if (begun.length > answered) {
            answered += 1;
            queue.next();
          }
          expect(begun.length - answered).toBeLessThanOrEqual(1);
          expect(accepted.length - begun.length).toBeLessThanOrEqual(maxWaiting);
          expect(begun).toEqual(accepted.slice(0, begun.length));
          expect(queue.isBusy).toBe(begun.length > answered);
        });
      }),
    );
  });

  it("refuses a request only if its bound is reached", () => {
    const queue = new RequestQueue(2);
    const outcomes = Array.from({ length: 4 }, () => queue.add(() => undefined));
    expect(outcomes).toEqual([true, true, true, false]);
    queue.next();
    expect(queue.add(() => undefined)).toBe(true);
  });

  it("begins nothing that was dropped", () => {
    const queue = new RequestQueue();
    let begun = 0;
    for (let i = 0; i < 3; i++) queue.add(() => begun++);
    queue.clear();
    queue.next();
    expect([begun, queue.isBusy]).toEqual([1, false]);
  });
});
