import { setImmediate as turn } from "node:timers/promises";
import { until } from "@parley/async";
import { formatId, ORIGIN } from "@parley/models";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FlushPolicy } from "./flush-policy.ts";
import { type Flushed, Outbox, type Outlet } from "./write-scheduler.ts";

const id = (ms: number) => formatId({ ms, seq: 0 });

class Reader implements Outlet {
  cursor: string;
  flushed = 0;
  writes: Buffer[][] = [];
  takes = Number.POSITIVE_INFINITY;

  constructor(cursor: string = ORIGIN) {
    this.cursor = cursor;
  }

  write(pieces: readonly Buffer[]): boolean {
    if (this.writes.length >= this.takes) return false;
    this.writes.push([...pieces]);
    return true;
  }

  get text(): string {
    return this.writes.map((pieces) => Buffer.concat(pieces).toString()).join("");
  }
}

function openOutbox() {
  const everybody = new Set<Reader>();
  const flushes: Flushed[] = [];
  const slow: Reader[] = [];
  const outbox = new Outbox<Reader>({
    everybody,
    policy: new FlushPolicy({ maxDelayMs: 5 }),
    tooSlow: (reader) => {
      slow.push(reader);
      outbox.forget(reader);
      everybody.delete(reader);
    },
    observe: (flushed) => flushes.push(flushed),
  });
  const open = (reader: Reader) => {
    outbox.open(reader);
    everybody.add(reader);
    return reader;
  };
  return { outbox, open, everybody, flushes, slow };
}

describe("what leaves, and how", () => {
  it("P20: all that came in one turn leaves in one write, and everybody gets the same memory", async () => {
    const { outbox, open } = openOutbox();
    const [a, b] = [open(new Reader()), open(new Reader())];
    outbox.flushNow();
    outbox.toEverybody(id(1), Buffer.from("1"));
    outbox.toEverybody(id(2), Buffer.from("2"));
    expect(a.writes).toEqual([]);
    await until(() => a.writes.length === 1, "the flush");
    expect(a.text).toBe("12");
    expect(a.writes[0]?.[0]).toBe(b.writes[0]?.[0]);
  });

  it("L16: what is one's own keeps its place among the public frames", () => {
    const { outbox, open } = openOutbox();
    const [a, b] = [open(new Reader()), open(new Reader())];
    outbox.toOne(a, Buffer.from("x"));
    outbox.toEverybody(id(1), Buffer.from("1"));
    outbox.toEverybody(id(2), Buffer.from("2"));
    outbox.toOne(a, Buffer.from("y"));
    outbox.toOne(a, Buffer.from("z"));
    outbox.toEverybody(id(3), Buffer.from("3"));
    outbox.flushNow();
    expect([a.text, b.text]).toEqual(["x12yz3", "123"]);
  });

  it("L17: nothing public at or below the cursor", () => {
    const { outbox, open } = openOutbox();
    const late = open(new Reader(id(2)));
    const later = open(new Reader(id(9)));
    for (const n of [1, 2, 3]) outbox.toEverybody(id(n), Buffer.from(`${n}`));
    outbox.flushNow();
    expect([late.text, later.writes]).toEqual(["3", []]);
  });

  it("P5: one that opens gets nothing of what came before it did", () => {
    const { outbox, open } = openOutbox();
    outbox.toEverybody(id(1), Buffer.from("1"));
    const a = open(new Reader());
    outbox.toOne(a, Buffer.from("r"));
    outbox.toEverybody(id(2), Buffer.from("2"));
    outbox.flushNow();
    expect(a.text).toBe("r2");
  });

  it("P40: one that ends gets all that came for it, at once, and nothing more", () => {
    const { outbox, open } = openOutbox();
    const a = open(new Reader());
    outbox.toEverybody(id(1), Buffer.from("1"));
    outbox.toOne(a, Buffer.from("x"));
    outbox.finish(a);
    expect(a.text).toBe("1x");
    outbox.toOne(a, Buffer.from("y"));
    outbox.toEverybody(id(2), Buffer.from("2"));
    outbox.flushNow();
    expect(a.text).toBe("1x");
  });

  it("P40: one that takes no more is named, once, and the others get everything", () => {
    const { outbox, open, slow } = openOutbox();
    const [a, b] = [open(new Reader()), open(new Reader())];
    a.takes = 1;
    for (const n of [1, 2, 3]) {
      outbox.toEverybody(id(n), Buffer.from(`${n}`));
      outbox.flushNow();
    }
    expect([a.text, b.text, slow]).toEqual(["1", "123", [a]]);
  });
});

/** A pass over a large room goes on over several turns: a write that takes a while stands for thousands of them. */
class SlowReader extends Reader {
  override write(pieces: readonly Buffer[]): boolean {
    const began = performance.now();
    while (performance.now() - began < 0.2);
    return super.write(pieces);
  }
}

describe("a pass that goes on over several turns", () => {
  /** A room of 300, of whom some have been reached and the last has not. */
  async function partOfPass() {
    const { outbox, open, everybody, flushes } = openOutbox();
    for (let n = 0; n < 300; n++) open(new SlowReader());
    const readers = [...everybody];
    const [first, middle, last] = [readers[0], readers[150], readers[299]] as [Reader, Reader, Reader];
    outbox.toEverybody(id(1), Buffer.from("1"));
    let turns = 0;
    await until(() => {
      turns += 1;
      return first.text === "1";
    }, "part of a pass");
    expect([middle.text, last.text]).toEqual(["", ""]);
    return { outbox, open, readers, flushes, first, middle, last, turns };
  }

  it("L16: lets others have their turn, and what comes meanwhile keeps its order for everybody", async () => {
    const { outbox, open, readers, flushes, first, middle, last, turns } = await partOfPass();
    outbox.toEverybody(id(2), Buffer.from("2"));
    const opened = open(new Reader());
    outbox.finish(first);
    outbox.finish(middle);
    await until(() => readers.every(({ text }) => text === "12"), "all");
    expect([opened.text, last.writes.length]).toEqual(["", 1]);
    expect(turns).toBeGreaterThan(1);
    await until(() => flushes.length > 0, "its end");
    // All but the one in the middle, which ended before it was its turn.
    expect(flushes[0]).toMatchObject({ outlets: 299, publicFrames: 1 });
  });

  it("does not let who has something of its own wait for its end, and gives it all in order (L16)", async () => {
    const { outbox, readers, first, last } = await partOfPass();
    outbox.toEverybody(id(2), Buffer.from("2"));
    outbox.toOne(first, Buffer.from("a"));
    outbox.toOne(last, Buffer.from("own"));
    await until(() => last.writes.length > 0, "its own");
    expect(readers.some(({ text }) => text === "")).toBe(true);
    await until(() => readers.every(({ text }) => text.includes("2")), "all");
    expect([first.text, last.text]).toEqual(["12a", "12own"]);
  });
});

interface Step {
  readonly do: "open" | "finish" | "own" | "public" | "flush" | "turn";
  readonly who: number;
}

/** What should come to each, kept the plain way beside a real outbox. */
class Expectation {
  readonly #room = openOutbox();
  readonly #all: { readonly reader: Reader; expected: string }[] = [];
  readonly #here = new Map<number, { readonly reader: Reader; expected: string }>();
  #n = 0;

  async take(step: Step): Promise<void> {
    this.#n += 1;
    if (step.do === "turn") return await turn();
    const one = this.#here.get(step.who);
    if (step.do === "public") this.#public();
    else if (step.do === "flush") this.#room.outbox.flushNow();
    else if (step.do === "open" && !one) this.#open(step.who);
    else if (step.do === "own" && one) this.#own(one);
    else if (step.do === "finish" && one) this.#finish(step.who, one.reader);
  }

  /** By itself, in a second at most. */
  async check(): Promise<void> {
    const deadline = performance.now() + 1_000;
    const isThere = () => this.#all.every(({ reader, expected }) => reader.text === expected);
    while (!isThere() && performance.now() < deadline) await turn();
    for (const { reader, expected } of this.#all) expect(reader.text).toBe(expected);
  }

  #public(): void {
    this.#room.outbox.toEverybody(id(this.#n), Buffer.from(`<${this.#n}>`));
    for (const one of this.#here.values()) one.expected += `<${this.#n}>`;
  }

  #open(who: number): void {
    const one = { reader: this.#room.open(new Reader(id(this.#n))), expected: "" };
    this.#here.set(who, one);
    this.#all.push(one);
  }

  #own(one: { readonly reader: Reader; expected: string }): void {
    this.#room.outbox.toOne(one.reader, Buffer.from(`(${this.#n})`));
    one.expected += `(${this.#n})`;
  }

  #finish(who: number, reader: Reader): void {
    this.#room.outbox.finish(reader);
    this.#room.everybody.delete(reader);
    this.#here.delete(who);
  }
}

describe("any order of events", () => {
  it("P21 L16: everyone gets what came for it while it was there, in order, each once", async () => {
    const step: fc.Arbitrary<Step> = fc.record({
      do: fc.constantFrom("open", "finish", "own", "own", "public", "public", "flush", "turn"),
      who: fc.nat(4),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80, size: "max" }), async (steps) => {
        const expectation = new Expectation();
        for (const one of steps) await expectation.take(one);
        await expectation.check();
      }),
    );
  });
});
