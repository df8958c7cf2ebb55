import { setImmediate as nextTurnOfLoop } from "node:timers/promises";
import { sleep, until } from "@parley/async";
import { describe, expect, it } from "vitest";
import { ReadTurns } from "./read-turns.ts";
import { TurnRefused } from "./turn-refused.ts";

const LIMITS = { requests: 1_000, requestsPerUser: 500, requestsPerAddress: 800 };
const OPEN = new AbortController().signal;

function callerOf(user: string, address = user) {
  return { user, address };
}

describe("turns to read", () => {
  it("G5: a user with hundreds of reads delays another user's read by at most a few", async () => {
    const turns = new ReadTurns(LIMITS);
    const order: string[] = [];
    const read = (user: string) =>
      turns.run("page", callerOf(user), OPEN, async (turn) => {
        await turn.next();
        order.push(user);
      });
    const greedy = Array.from({ length: 300 }, () => read("greedy"));
    await Promise.all([read("other"), ...greedy]);
    expect(order.indexOf("other")).toBeLessThan(5);
  });

  it("G5: so does one address with many users", async () => {
    const turns = new ReadTurns(LIMITS);
    const order: string[] = [];
    const read = (user: string, address: string) =>
      turns.run("page", callerOf(user, address), OPEN, async (turn) => {
        await turn.next();
        order.push(address);
      });
    const greedy = Array.from({ length: 400 }, (_, n) => read(`u${n}`, "greedy"));
    await Promise.all([...greedy, read("other", "other")]);
    expect(order.indexOf("other")).toBeLessThan(100);
  });

  it("G5: at most one read begins in a turn of the event loop, so that everything else runs between two", async () => {
    const turns = new ReadTurns(LIMITS);
    let loops = 0;
    let isCounting = true;
    const counting = (async () => {
      for (; isCounting; loops += 1) await nextTurnOfLoop();
    })();
    const begun: number[] = [];
    const reads = Array.from({ length: 50 }, (_, n) =>
      turns.run("page", callerOf(`u${n}`), OPEN, async (turn) => {
        await turn.next();
        begun.push(loops);
      }),
    );
    await Promise.all(reads);
    isCounting = false;
    await counting;
    expect(new Set(begun).size).toBeGreaterThan(40);
  });

  it("G5: after a step that blocks the event loop, everything else runs for as long before the next step", async () => {
    const turns = new ReadTurns(LIMITS);
    let loops = 0;
    const counting = new AbortController();
    const counter = (async () => {
      for (; !counting.signal.aborted; loops += 1) await nextTurnOfLoop();
    })();
    const begun: number[] = [];
    const read = (user: string) =>
      turns.run("page", callerOf(user), OPEN, async (turn) => {
        await turn.next();
        begun.push(loops);
        for (const end = performance.now() + 20; performance.now() < end; );
      });
    await Promise.all(["a", "b", "c"].map(read));
    counting.abort();
    await counter;
    const [a = 0, b = 0, c = 0] = begun;
    expect(Math.min(b - a, c - b)).toBeGreaterThan(10);
  });

  it("G5: parts of whole conversations are read one at a time for a user, and never delay the user's pages", async () => {
    const turns = new ReadTurns(LIMITS);
    const [first, others] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let begun = 0;
    const parts = [first, others, others].map(({ promise }) =>
      turns.run("part", callerOf("u"), OPEN, () => {
        begun += 1;
        return promise;
      }),
    );
    await turns.run("page", callerOf("u"), OPEN, async (turn) => turn.next());
    expect(begun).toBe(1);
    first.resolve();
    await parts[0];
    await turns.run("page", callerOf("u"), OPEN, async (turn) => turn.next());
    expect(begun).toBe(2);
    others.resolve();
    await Promise.all(parts);
  });

  it("G5: parts and later steps of pages wait for the first step of each page", async () => {
    const turns = new ReadTurns(LIMITS, { giveWayMs: { step: 60_000, page: 60_000 } });
    const [first, long] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const order: string[] = [];
    const page = turns.run("page", callerOf("u"), OPEN, () => first.promise);
    const longPage = turns.run("page", callerOf("v"), OPEN, async (turn) => {
      await turn.giveWay();
      order.push("second step");
      await long.promise;
    });
    const part = turns.run("part", callerOf("w"), OPEN, async (turn) => {
      await turn.next();
      order.push("part");
    });
    await turns.run("page", callerOf("x"), OPEN, async () => void order.push("page"));
    expect(order).toEqual(["page"]);
    first.resolve();
    await Promise.all([page, part]);
    await until(() => order.length === 3);
    // A page that has made its first step delays nobody, however long it takes.
    await turns.run("part", callerOf("w"), OPEN, (turn) => turn.next());
    long.resolve();
    await longPage;
  });

  it("G5: of one address, the store reads one later step or part at a time, while others read", async () => {
    const turns = new ReadTurns(LIMITS);
    let [running, most] = [0, 0];
    const step = async (): Promise<void> => {
      running += 1;
      most = Math.max(most, running);
      for (let loop = 0; loop < 5; loop += 1) await nextTurnOfLoop();
      running -= 1;
    };
    const page = (user: string) =>
      turns.run("page", callerOf(user, "greedy"), OPEN, async (turn) => {
        for (let steps = 0; steps < 3; steps += 1) {
          await turn.giveWay();
          await step();
        }
        // The conversion to JSON uses the event loop and not the store.
        await turn.next();
      });
    const part = (user: string) =>
      turns.run("part", callerOf(user, "greedy"), OPEN, async (turn) => {
        await turn.next();
        await step();
      });
    await Promise.all(["a", "a", "b", "c"].flatMap((user) => [page(user), part(user)]));
    expect(most).toBe(1);
    const held = Promise.withResolvers<void>();
    const holding = turns.run("part", callerOf("a", "greedy"), OPEN, (turn) =>
      turn.next().then(() => held.promise),
    );
    await turns.run("page", callerOf("d", "other"), OPEN, async (turn) => turn.giveWay());
    held.resolve();
    await holding;
  });

  it("G5: after a slow step, the store rests before the next one of the address", async () => {
    const turns = new ReadTurns(LIMITS);
    let loops = 0;
    const counting = new AbortController();
    const counter = (async () => {
      for (; !counting.signal.aborted; loops += 1) await nextTurnOfLoop();
    })();
    const between: number[] = [];
    await turns.run("page", callerOf("u"), OPEN, async (turn) => {
      for (const ms of [30, 30, 30]) {
        const endedAt = loops;
        await turn.giveWay();
        between.push(loops - endedAt);
        await sleep(ms);
      }
    });
    counting.abort();
    await counter;
    expect(Math.min(...between.slice(1))).toBeGreaterThan(10);
  });

  it("G5: many pages of one address don't wait for each other's places for ever", async () => {
    const turns = new ReadTurns(LIMITS, { giveWayMs: { step: 1, page: 1 } });
    const held = Promise.withResolvers<void>();
    const inStore = Promise.withResolvers<void>();
    const holding = turns.run("page", callerOf("a", "shared"), OPEN, async (turn) => {
      await turn.giveWay();
      inStore.resolve();
      await held.promise;
    });
    await inStore.promise;
    for (const user of ["b", "c", "d"])
      await turns.run("page", callerOf(user, "shared"), OPEN, async (turn) => {
        await turn.giveWay();
        await turn.giveWay();
      });
    held.resolve();
    await holding;
  });

  it("G5: they don't wait for ever", async () => {
    const turns = new ReadTurns(LIMITS, { giveWayMs: { step: 1, page: 1 } });
    const endless = Promise.withResolvers<void>();
    const page = turns.run("page", callerOf("u"), OPEN, () => endless.promise);
    await turns.run("part", callerOf("w"), OPEN, (turn) => turn.next());
    const impatient = new ReadTurns(LIMITS, { giveWayMs: { step: 60_000, page: 1 } });
    const other = impatient.run("page", callerOf("u"), OPEN, () => endless.promise);
    await impatient.run("page", callerOf("v"), OPEN, async (turn) => {
      for (let steps = 0; steps < 3; steps += 1) await turn.giveWay();
    });
    endless.resolve();
    await Promise.all([page, other]);
  });

  it("refuses what is beyond a bound by its share, and forgets a read whose client left", async () => {
    const turns = new ReadTurns({ requests: 100, requestsPerUser: 2, requestsPerAddress: 100 });
    const held = Promise.withResolvers<void>();
    const left = new AbortController();
    const running = Array.from({ length: 2 }, () =>
      turns.run("page", callerOf("u"), OPEN, () => held.promise),
    );
    const waiting = turns.run("page", callerOf("u"), OPEN, () => held.promise);
    const gone = turns.run("page", callerOf("u"), left.signal, () => held.promise);
    const refused = turns.run("page", callerOf("u"), OPEN, () => held.promise);
    await expect(refused).rejects.toMatchObject({ name: "TurnRefused", share: "user" });
    await expect(refused).rejects.toBeInstanceOf(TurnRefused);
    left.abort(new Error("left"));
    await expect(gone).rejects.toThrow("left");
    expect(turns.waiting).toBe(1);
    held.resolve();
    await Promise.all([...running, waiting]);
    expect(turns.waiting).toBe(0);
  });
});
