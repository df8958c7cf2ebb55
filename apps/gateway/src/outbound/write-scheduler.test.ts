import { setImmediate as turn } from "node:timers/promises";
import { until } from "@parley/async";
import { formatId, ORIGIN } from "@parley/models";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FlushPolicy } from "./flush-policy.ts";
import { type FlushStats, type Subscriber, WriteScheduler } from "./write-scheduler.ts";

const id = (ms: number) => formatId({ ms, seq: 0 });

class Reader implements Subscriber {
  cursor: string;
  speaksChat = true;
  writtenUpTo = 0;
  writes: Buffer[][] = [];
  maxWrites = Number.POSITIVE_INFINITY;

  constructor(cursor: string = ORIGIN) {
    this.cursor = cursor;
  }

  markWritten(upTo: number): void {
    this.writtenUpTo = upTo;
  }

  write(pieces: readonly Buffer[]): boolean {
    if (this.writes.length >= this.maxWrites) return false;
    this.writes.push([...pieces]);
    return true;
  }

  get text(): string {
    return this.writes.map((pieces) => Buffer.concat(pieces).toString()).join("");
  }
}

function createScheduler() {
  const subscribers = new Set<Reader>();
  const flushes: FlushStats[] = [];
  const slow: Reader[] = [];
  const scheduler = new WriteScheduler<Reader>({
    subscribers,
    policy: new FlushPolicy({ maxDelayMs: 5 }),
    onTooSlow: (reader) => {
      slow.push(reader);
      scheduler.remove(reader);
      subscribers.delete(reader);
    },
    observe: (stats) => flushes.push(stats),
  });
  const open = (reader: Reader) => {
    scheduler.add(reader);
    subscribers.add(reader);
    return reader;
  };
  return { scheduler, open, subscribers, flushes, slow };
}

describe("a write", () => {
  it("P20: carries all frames of one turn, and all subscribers share the same buffer", async () => {
    const { scheduler, open } = createScheduler();
    const [a, b] = [open(new Reader()), open(new Reader())];
    scheduler.flushAll();
    scheduler.broadcast(id(1), Buffer.from("1"));
    scheduler.broadcast(id(2), Buffer.from("2"));
    expect(a.writes).toEqual([]);
    await until(() => a.writes.length === 1, "the flush");
    expect(a.text).toBe("12");
    expect(a.writes[0]?.[0]).toBe(b.writes[0]?.[0]);
  });

  it("L16: has the direct frames in their places among the public ones", () => {
    const { scheduler, open } = createScheduler();
    const [a, b] = [open(new Reader()), open(new Reader())];
    scheduler.sendTo(a, Buffer.from("x"));
    scheduler.broadcast(id(1), Buffer.from("1"));
    scheduler.broadcast(id(2), Buffer.from("2"));
    scheduler.sendTo(a, Buffer.from("y"));
    scheduler.sendTo(a, Buffer.from("z"));
    scheduler.broadcast(id(3), Buffer.from("3"));
    scheduler.flushAll();
    expect([a.text, b.text]).toEqual(["x12yz3", "123"]);
  });

  it("L17: has no public frame at or below the cursor", () => {
    const { scheduler, open } = createScheduler();
    const late = open(new Reader(id(2)));
    const later = open(new Reader(id(9)));
    for (const n of [1, 2, 3]) scheduler.broadcast(id(n), Buffer.from(`${n}`));
    scheduler.flushAll();
    expect([late.text, later.writes]).toEqual(["3", []]);
  });

  it("P5: has no frame from before the subscriber was added", () => {
    const { scheduler, open } = createScheduler();
    scheduler.broadcast(id(1), Buffer.from("1"));
    const a = open(new Reader());
    scheduler.sendTo(a, Buffer.from("r"));
    scheduler.broadcast(id(2), Buffer.from("2"));
    scheduler.flushAll();
    expect(a.text).toBe("r2");
  });

  it("P10: has an ack together with the sender's copy one turn later, or alone after two turns", async () => {
    const { scheduler, open } = createScheduler();
    const a = open(new Reader());
    scheduler.sendAck(a, Buffer.from("1"));
    await turn();
    expect(a.writes).toEqual([]);
    scheduler.sendTo(a, Buffer.from("copy"));
    await turn();
    scheduler.sendAck(a, Buffer.from("2"));
    await turn();
    await turn();
    expect(a.writes.map((pieces) => pieces.join(""))).toEqual(["1copy", "2"]);
  });

  it("P40: comes at once with everything for a subscriber that is flushed and removed, and never again", () => {
    const { scheduler, open } = createScheduler();
    const a = open(new Reader());
    scheduler.broadcast(id(1), Buffer.from("1"));
    scheduler.sendTo(a, Buffer.from("x"));
    scheduler.flushAndRemove(a);
    expect(a.text).toBe("1x");
    scheduler.sendTo(a, Buffer.from("y"));
    scheduler.broadcast(id(2), Buffer.from("2"));
    scheduler.flushAll();
    expect(a.text).toBe("1x");
  });

  it("P40: that a slow subscriber refuses is reported once, and the others get everything", () => {
    const { scheduler, open, slow } = createScheduler();
    const [a, b] = [open(new Reader()), open(new Reader())];
    a.maxWrites = 1;
    for (const n of [1, 2, 3]) {
      scheduler.broadcast(id(n), Buffer.from(`${n}`));
      scheduler.flushAll();
    }
    expect([a.text, b.text, slow]).toEqual(["1", "123", [a]]);
  });
});

/** A reader whose writes take 0.2 ms each, so that a pass over a few hundred subscribers takes several turns. */
class SlowReader extends Reader {
  readonly #ms: number;

  constructor(ms = 0.2) {
    super();
    this.#ms = ms;
  }

  override write(pieces: readonly Buffer[]): boolean {
    const startedAt = performance.now();
    while (performance.now() - startedAt < this.#ms);
    return super.write(pieces);
  }
}

describe("a pass over several turns", () => {
  /**
   * Starts a pass over 300 subscribers. Resolves when the pass has reached the first, but not the middle one or the
   * last.
   */
  async function startPass() {
    const { scheduler, open, subscribers, flushes } = createScheduler();
    for (let n = 0; n < 300; n++) open(new SlowReader());
    const readers = [...subscribers];
    const [first, middle, last] = [readers[0], readers[150], readers[299]] as [Reader, Reader, Reader];
    scheduler.broadcast(id(1), Buffer.from("1"));
    let turns = 0;
    await until(() => {
      turns += 1;
      return first.text === "1";
    }, "part of a pass");
    expect([middle.text, last.text]).toEqual(["", ""]);
    return { scheduler, open, readers, flushes, first, middle, last, turns };
  }

  it("L16: yields between turns, and frames that come meanwhile keep their order for every subscriber", async () => {
    const { scheduler, open, readers, flushes, first, middle, last, turns } = await startPass();
    scheduler.broadcast(id(2), Buffer.from("2"));
    const opened = open(new Reader());
    scheduler.flushAndRemove(first);
    scheduler.flushAndRemove(middle);
    await until(() => readers.every(({ text }) => text === "12"), "all");
    expect([opened.text, last.writes.length]).toEqual(["", 1]);
    expect(turns).toBeGreaterThan(1);
    await until(() => flushes.length > 0, "the end of the pass");
    // All but the middle one, which was removed before the pass reached it.
    expect(flushes[0]).toMatchObject({ subscribers: 299, publicFrames: 1 });
  });

  it("yields after one write, if that was long", async () => {
    const { scheduler, open } = createScheduler();
    let turns = 0;
    const turnsOfWrites: number[] = [];
    class Watched extends SlowReader {
      override write(pieces: readonly Buffer[]): boolean {
        turnsOfWrites.push(turns);
        setImmediate(() => {
          turns += 1;
        });
        return super.write(pieces);
      }
    }
    for (let n = 0; n < 3; n++) open(new Watched(2));
    scheduler.broadcast(id(1), Buffer.alloc(300 * 1024));
    await until(() => turnsOfWrites.length === 3, "all writes");
    expect(turnsOfWrites).toEqual([0, 1, 2]);
  });

  it("L16: doesn't delay direct frames until its end, and keeps the order", async () => {
    const { scheduler, readers, first, last } = await startPass();
    scheduler.broadcast(id(2), Buffer.from("2"));
    scheduler.sendTo(first, Buffer.from("a"));
    scheduler.sendTo(last, Buffer.from("own"));
    await until(() => last.writes.length > 0, "the direct frame");
    expect(readers.some(({ text }) => text === "")).toBe(true);
    await until(() => readers.every(({ text }) => text.includes("2")), "all");
    expect([first.text, last.text]).toEqual(["12a", "12own"]);
  });
});

interface Step {
  readonly do: "add" | "remove" | "direct" | "ack" | "public" | "flush" | "turn";
  readonly who: number;
}

/** Drives a real scheduler, and computes the frames that each subscriber should get. */
class Model {
  readonly #rig = createScheduler();
  readonly #all: { readonly reader: Reader; expected: string }[] = [];
  readonly #present = new Map<number, { readonly reader: Reader; expected: string }>();
  #n = 0;

  async take(step: Step): Promise<void> {
    this.#n += 1;
    if (step.do === "turn") return await turn();
    const one = this.#present.get(step.who);
    if (step.do === "public") this.#public();
    else if (step.do === "flush") this.#rig.scheduler.flushAll();
    else if (step.do === "add" && !one) this.#add(step.who);
    else if (step.do === "direct" && one) this.#direct(one, "sendTo");
    else if (step.do === "ack" && one) this.#direct(one, "sendAck");
    else if (step.do === "remove" && one) this.#remove(step.who, one.reader);
  }

  /** Waits until every subscriber has the expected text, for at most a second. */
  async check(): Promise<void> {
    const deadline = performance.now() + 1_000;
    const isThere = () => this.#all.every(({ reader, expected }) => reader.text === expected);
    while (!isThere() && performance.now() < deadline) await turn();
    for (const { reader, expected } of this.#all) expect(reader.text).toBe(expected);
  }

  #public(): void {
    this.#rig.scheduler.broadcast(id(this.#n), Buffer.from(`<${this.#n}>`));
    for (const one of this.#present.values()) one.expected += `<${this.#n}>`;
  }

  #add(who: number): void {
    const one = { reader: this.#rig.open(new Reader(id(this.#n))), expected: "" };
    this.#present.set(who, one);
    this.#all.push(one);
  }

  #direct(one: { readonly reader: Reader; expected: string }, how: "sendTo" | "sendAck"): void {
    this.#rig.scheduler[how](one.reader, Buffer.from(`(${this.#n})`));
    one.expected += `(${this.#n})`;
  }

  #remove(who: number, reader: Reader): void {
    this.#rig.scheduler.flushAndRemove(reader);
    this.#rig.subscribers.delete(reader);
    this.#present.delete(who);
  }
}

describe("any sequence of events", () => {
  it("P21 L16: every subscriber gets each frame that came while it was added, once and in order", async () => {
    const step: fc.Arbitrary<Step> = fc.record({
      do: fc.constantFrom("add", "remove", "direct", "ack", "public", "public", "flush", "turn"),
      who: fc.nat(4),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80, size: "max" }), async (steps) => {
        const model = new Model();
        for (const one of steps) await model.take(one);
        await model.check();
      }),
    );
  });
});
