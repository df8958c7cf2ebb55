import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FairPool, type FairPoolOptions, type Release } from "./fair-pool.ts";

const LIMITS = { places: 2, placesPerKey: 1, waiting: 6, waitingPerKey: 4 };

type State = "waiting" | "granted" | "released" | "aborted" | "full-key" | "full-total";

/** One caller of `take`, and its state after the last turn of the event loop. */
interface Caller {
  readonly key: string;
  readonly abort: AbortController;
  state: State;
  release: Release;
}

/** A pool whose callers are recorded in the order of their calls and of their grants. */
function recordedPool(options: FairPoolOptions) {
  const pool = new FairPool(options);
  const callers: Caller[] = [];
  const granted: Caller[] = [];
  function take(key: string): Caller {
    const caller: Caller = { key, abort: new AbortController(), state: "waiting", release: () => undefined };
    callers.push(caller);
    pool.take(key, caller.abort.signal).then(
      (release) => {
        caller.state = "granted";
        caller.release = release;
        granted.push(caller);
      },
      (reason: { limit?: "key" | "total" }) => {
        caller.state = reason.limit ? `full-${reason.limit}` : "aborted";
      },
    );
    return caller;
  }
  async function release(caller: Caller | undefined): Promise<void> {
    if (caller?.state !== "granted") return;
    caller.release();
    caller.release();
    caller.state = "released";
    await turn();
  }
  const inState = (state: State, key?: string) =>
    callers.filter((caller) => caller.state === state && (key ?? caller.key) === caller.key);
  return { pool, callers, granted, take, release, inState };
}

function turn(): Promise<unknown> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe("a fair pool", () => {
  it("G5: serves waiting keys in turn, one place each, and callers of one key in their order", async () => {
    const { take, release, granted } = recordedPool({
      ...LIMITS,
      places: 1,
      waiting: 100,
      waitingPerKey: 50,
    });
    for (const key of "aaaaabbbc") take(key);
    await turn();
    for (let next = 0; next < 9; next += 1) await release(granted[next]);
    expect(granted.map(({ key }) => key).join("")).toBe("abcababaa");
  });

  it("G5: a key that may take several places still gets one a turn", async () => {
    const { take, release, granted, callers } = recordedPool({ ...LIMITS, placesPerKey: 2 });
    for (const key of "xxaaabb") take(key);
    await turn();
    for (const caller of callers.slice(0, 2)) await release(caller);
    for (const caller of granted.slice(2, 4)) await release(caller);
    expect(granted.map(({ key }) => key).join("")).toBe("xxabab");
  });

  it("G5: one key takes no more than its places, also while others are free", async () => {
    const { pool, take, inState, granted, release } = recordedPool(LIMITS);
    take("a");
    const second = take("a");
    await turn();
    expect([pool.inUse, pool.waiting]).toEqual([1, 1]);
    expect(pool.tryTake("a")).toBeUndefined();
    pool.tryTake("b")?.();
    await release(granted[0]);
    expect(inState("granted")).toEqual([second]);
  });

  it("G5: a caller beyond its key's limit is refused, and other keys still wait", async () => {
    const { take, inState } = recordedPool(LIMITS);
    for (const key of "aaaaaab") take(key);
    await turn();
    expect(inState("full-key").map(({ key }) => key)).toEqual(["a"]);
    expect(inState("granted").map(({ key }) => key)).toEqual(["a", "b"]);
  });

  it("G5: at the total, a key with few callers displaces the newest of the key with the most", async () => {
    const { pool, take, inState } = recordedPool({ ...LIMITS, places: 1 });
    for (const key of "xaaaabb") take(key);
    const newcomers = [take("c"), take("d"), take("a"), take("e")];
    await turn();
    expect(pool.waiting).toBe(6);
    expect(inState("full-total").map(({ key }) => key)).toEqual(["a", "a", "b", "a"]);
    expect(newcomers.map(({ state }) => state)).toEqual(["waiting", "waiting", "full-total", "waiting"]);
  });

  it("G5: an aborted caller leaves the queue, and one that was aborted before never joins it", async () => {
    const { pool, take, release, granted, inState } = recordedPool({ ...LIMITS, places: 1 });
    const [, second, third] = [take("a"), take("a"), take("b")];
    second.abort.abort(new Error("gone"));
    await turn();
    expect([second.state, pool.waiting]).toEqual(["aborted", 1]);
    await release(granted[0]);
    expect(inState("granted")).toEqual([third]);
    await expect(pool.take("a", AbortSignal.abort())).rejects.toThrow(/aborted/);
    await release(third);
    expect([pool.inUse, pool.waiting, pool.keys]).toEqual([0, 0, 0]);
  });

  it("G5: an abort after the grant takes nothing back, and leaves no listener", async () => {
    const { pool, take, granted, release } = recordedPool({ ...LIMITS, places: 1 });
    const [first, second] = [take("a"), take("b")];
    await turn();
    await release(first);
    second.abort.abort();
    await turn();
    expect([second.state, pool.inUse]).toEqual(["granted", 1]);
    await release(granted[1]);
    expect(pool.keys).toBe(0);
  });

  it("G5: a place is given quickly to one of thousands of waiting keys", async () => {
    const pool = new FairPool({ places: 1, placesPerKey: 1, waiting: 60_000, waitingPerKey: 2 });
    const all = Array.from({ length: 60_000 }, (_, n) =>
      pool.take(`key ${n % 30_000}`).then((release) => release()),
    );
    const started = performance.now();
    await Promise.all(all);
    expect(performance.now() - started).toBeLessThan(6_000);
    expect([pool.inUse, pool.waiting, pool.keys]).toEqual([0, 0, 0]);
  });
});

type Step = readonly [action: "take" | "tryTake" | "release" | "abort", at: number];

const step: fc.Arbitrary<Step> = fc.tuple(
  fc.constantFrom("take", "take", "take", "tryTake", "release", "release", "abort"),
  fc.nat(30),
);
const steps = fc.array(step, { minLength: 10, maxLength: 100, size: "max" });
const limits: fc.Arbitrary<FairPoolOptions> = fc.record({
  places: fc.integer({ min: 1, max: 4 }),
  placesPerKey: fc.integer({ min: 1, max: 3 }),
  waiting: fc.integer({ min: 0, max: 12 }),
  waitingPerKey: fc.integer({ min: 0, max: 5 }),
});
const KEYS = ["a", "b", "c", "d"];

describe("any sequence of calls to a fair pool", () => {
  it("G5: keeps every limit, leaves no place free while a key waits for it, and leaks no count", async () => {
    await fc.assert(
      fc.asyncProperty(limits, steps, async (options, taken) => {
        const recorded = recordedPool(options);
        const { pool, inState, callers, release } = recorded;
        for (const one of taken) {
          await run(recorded, one);
          expectLimits(recorded, options);
        }
        for (const caller of inState("waiting")) caller.abort.abort();
        await turn();
        for (const caller of callers) await release(caller);
        expect([pool.inUse, pool.waiting, pool.keys]).toEqual([0, 0, 0]);
      }),
      { numRuns: 150 },
    );
  });

  it("G5: while a key may take a place and waits, every other key gets at most one", async () => {
    await fc.assert(
      fc.asyncProperty(limits, steps, async (options, taken) => {
        const recorded = recordedPool(options);
        const overtaken = new Map<string, readonly string[]>();
        for (const one of taken) {
          await countOvertaking(recorded, options, overtaken, one);
          for (const keys of overtaken.values()) expect(new Set(keys).size).toBe(keys.length);
        }
      }),
      { numRuns: 150 },
    );
  });

  it("G5: callers of one key are granted places in the order of their calls", async () => {
    await fc.assert(
      fc.asyncProperty(limits, steps, async (options, taken) => {
        const recorded = recordedPool(options);
        for (const one of taken) await run(recorded, one);
        for (const key of KEYS) {
          const order = recorded.granted.filter((caller) => caller.key === key);
          expect(order).toEqual(recorded.callers.filter((caller) => order.includes(caller)));
        }
      }),
      { numRuns: 50 },
    );
  });
});

type Recorded = ReturnType<typeof recordedPool>;

async function run({ pool, take, release, inState }: Recorded, [action, at]: Step): Promise<void> {
  const key = KEYS[at % KEYS.length] ?? "";
  if (action === "take") take(key);
  if (action === "tryTake") pool.tryTake(key)?.();
  const granted = inState("granted");
  if (action === "release") await release(granted[at % granted.length]);
  const waiting = inState("waiting");
  if (action === "abort") waiting[at % waiting.length]?.abort.abort();
  await turn();
}

/**
 * Runs a step and updates `overtaken`. For each key that has been waiting although it may take a place, `overtaken`
 * contains the keys of all grants in that time.
 */
async function countOvertaking(
  recorded: Recorded,
  options: FairPoolOptions,
  overtaken: Map<string, readonly string[]>,
  one: Step,
): Promise<void> {
  const waiting = KEYS.filter((key) => mayTake(recorded, options, key));
  const first = recorded.granted.length;
  await run(recorded, one);
  const grants = recorded.granted.slice(first).map(({ key }) => key);
  for (const key of KEYS) {
    const isStillWaiting = waiting.includes(key) && !grants.includes(key);
    overtaken.set(key, isStillWaiting ? [...(overtaken.get(key) ?? []), ...grants] : []);
  }
}

function mayTake({ inState }: Recorded, { placesPerKey }: FairPoolOptions, key: string): boolean {
  return inState("waiting", key).length > 0 && inState("granted", key).length < placesPerKey;
}

function expectLimits(recorded: Recorded, options: FairPoolOptions): void {
  const { pool, inState } = recorded;
  expect(pool.inUse).toBe(inState("granted").length);
  expect(pool.waiting).toBe(inState("waiting").length);
  expect(pool.inUse).toBeLessThanOrEqual(options.places);
  expect(pool.waiting).toBeLessThanOrEqual(options.waiting);
  for (const key of KEYS) {
    expect(inState("granted", key).length).toBeLessThanOrEqual(options.placesPerKey);
    expect(inState("waiting", key).length).toBeLessThanOrEqual(options.waitingPerKey);
    if (pool.inUse < options.places) expect(mayTake(recorded, options, key)).toBe(false);
  }
}
