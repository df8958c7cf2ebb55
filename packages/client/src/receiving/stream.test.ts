import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Message, SyncPage } from "../wire.ts";
import { advance, initialStream, type Stream, type StreamEvent } from "./stream.ts";

const PAGE = 3;
const options = { from: "beginning", maxBuffered: 4 } as const;

const idOf = (n: number) => String(n).padStart(6, "0");
const messageOf = (n: number): Message => ({
  id: idOf(n),
  from: "a",
  to: "",
  content: `${n}`,
  timestamp: "",
});

/** A server as the protocol promises it, one step at a time, and a client that has only the stream. */
class World {
  stream: Stream;
  readonly observed: string[] = [];
  /** The log holds messages 1 … end. */
  end = 0;
  /** Live messages after this one are still on their way to the present connection. */
  #liveFrom: number | undefined;
  /** The answer under way, fixed when the server made it, or the question that waits for one. */
  #asked: { readonly after: string | undefined } | undefined;
  #answer: SyncPage | undefined;
  mostBuffered = 0;

  constructor(cursor?: string) {
    this.stream = initialStream(cursor);
  }

  #apply(event: StreamEvent): void {
    const step = advance(this.stream, event, options);
    this.stream = step.stream;
    for (const { id } of step.deliver) this.observed.push(id);
    if (step.ask) {
      this.#asked = step.ask;
      this.#answer = undefined;
    }
    if (step.stream.phase === "catching-up") {
      this.mostBuffered = Math.max(this.mostBuffered, step.stream.buffer?.length ?? 0);
    }
  }

  append(): void {
    this.end += 1;
  }

  connect(): void {
    if (this.#liveFrom !== undefined) return;
    this.#liveFrom = this.end;
    this.#apply({ type: "ready", cursor: idOf(this.end) });
  }

  disconnect(): void {
    if (this.#liveFrom === undefined) return;
    this.#liveFrom = undefined;
    this.#asked = undefined;
    this.#answer = undefined;
    this.#apply({ type: "disconnected" });
  }

  /** The next live message arrives; with `again`, one that was sent before arrives once more. */
  live(again: boolean): void {
    if (this.#liveFrom === undefined) return;
    if (again && this.#liveFrom > 0) {
      this.#apply({ type: "message", message: messageOf(this.#liveFrom) });
    } else if (this.#liveFrom < this.end) {
      this.#liveFrom += 1;
      this.#apply({ type: "message", message: messageOf(this.#liveFrom) });
    }
  }

  /** The server loses what it had not sent yet, and says so. */
  gap(): void {
    if (this.#liveFrom === undefined) return;
    this.#liveFrom = this.end;
    this.#apply({ type: "gap" });
  }

  /** The server makes its answer now; it may arrive much later. */
  answer(): void {
    if (!this.#asked || this.#answer) return;
    const first = this.#asked.after === undefined ? 1 : Number(this.#asked.after) + 1;
    const last = Math.min(this.end, first + PAGE - 1);
    const messages = [];
    for (let n = first; n <= last; n += 1) messages.push(messageOf(n));
    this.#answer = { messages, cursor: idOf(Math.max(last, first - 1)), more: last < this.end };
  }

  receiveAnswer(): void {
    const page = this.#answer;
    if (!page) return;
    this.#asked = undefined;
    this.#answer = undefined;
    this.#apply({ type: "page", page });
  }

  /** Everything that is under way arrives, until nothing is. */
  settle(): void {
    this.connect();
    for (let round = 0; round < 10_000; round += 1) {
      if (this.#asked) {
        this.answer();
        this.receiveAnswer();
      } else if (this.#liveFrom !== undefined && this.#liveFrom < this.end) this.live(false);
      else return;
    }
    throw new Error("the stream never comes to rest");
  }
}

const expected = (end: number) => Array.from({ length: end }, (_, index) => idOf(index + 1));

const step = fc.oneof(
  { weight: 6, arbitrary: fc.constant((world: World) => world.append()) },
  { weight: 5, arbitrary: fc.constant((world: World) => world.live(false)) },
  { weight: 1, arbitrary: fc.constant((world: World) => world.live(true)) },
  { weight: 3, arbitrary: fc.constant((world: World) => world.answer()) },
  { weight: 3, arbitrary: fc.constant((world: World) => world.receiveAnswer()) },
  { weight: 2, arbitrary: fc.constant((world: World) => world.connect()) },
  { weight: 1, arbitrary: fc.constant((world: World) => world.disconnect()) },
  { weight: 1, arbitrary: fc.constant((world: World) => world.gap()) },
);

describe("the stream of messages", () => {
  it("G3: whole, once and in order, however live, pages, gaps, repeats and lost connections interleave", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const world = new World();
        for (const apply of steps) {
          apply(world);
          // Never a hole, not even for a moment: what was observed is always a prefix of the log.
          expect(world.observed).toEqual(expected(world.observed.length));
        }
        world.settle();
        expect(world.observed).toEqual(expected(world.end));
        expect(world.stream.phase).toBe("live");
      }),
      { numRuns: 2_000 },
    );
  });

  it("G5: live messages that wait are bounded, and one more round of pages brings what had no room", () => {
    const world = new World();
    world.append();
    world.connect();
    for (let n = 0; n < 50; n += 1) {
      world.append();
      world.live(false);
    }
    expect(world.mostBuffered).toBe(options.maxBuffered);
    world.settle();
    expect(world.observed).toEqual(expected(51));
  });

  it("P5: without a cursor and from now, the first ready is the beginning", () => {
    const first = advance(
      initialStream(undefined),
      { type: "ready", cursor: idOf(7) },
      { ...options, from: "now" },
    );
    expect(first).toEqual({ stream: { phase: "live", cursor: idOf(7), lastId: "" }, deliver: [] });
  });

  it("G3: a saved cursor goes on where it was", () => {
    const { ask } = advance(initialStream("saved"), { type: "ready", cursor: idOf(7) }, options);
    expect(ask).toEqual({ after: "saved" });
  });

  it("G3: a page with no message moves the cursor, and the next connection asks from there", () => {
    let { stream } = advance(initialStream("a"), { type: "ready", cursor: idOf(7) }, options);
    ({ stream } = advance(
      stream,
      { type: "page", page: { messages: [], cursor: "b", more: false } },
      options,
    ));
    ({ stream } = advance(stream, { type: "disconnected" }, options));
    expect(advance(stream, { type: "ready", cursor: idOf(9) }, options).ask).toEqual({ after: "b" });
  });

  it("a late page of a connection that has ended changes nothing", () => {
    const idle = initialStream("a");
    const late = { messages: [messageOf(1)], cursor: "b", more: false };
    expect(advance(idle, { type: "page", page: late }, options)).toEqual({ stream: idle, deliver: [] });
  });
});
