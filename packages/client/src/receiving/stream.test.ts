import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Change, Message, SyncPage } from "../wire.ts";
import {
  type Entry,
  initialState,
  isChange,
  idOf as positionOf,
  type StreamEvent,
  type StreamState,
  transition,
} from "./stream.ts";

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

/** Every third entry of the log is a change, of the message before it. */
const entryOf = (n: number): Entry => {
  if (n % 3 !== 0) return messageOf(n);
  const message = { ...messageOf(n - 1), content: `${n}`, change: idOf(n), edited: true } as const;
  return { type: "edited", change: idOf(n), timestamp: "", message } satisfies Change;
};

/** A simulated server that follows the protocol, and a client that is only the stream's state machine. */
class Simulation {
  state: StreamState;
  readonly observed: string[] = [];
  /** The log contains the entries 1 to `end`. */
  end = 0;
  /**
   * The live messages after this number haven't arrived on the current connection yet. Undefined while disconnected.
   */
  #arrived: number | undefined;
  /** The request for a page, if there is one. */
  #request: { readonly after: string | undefined } | undefined;
  /** The response to the request. Its content is fixed when the server makes it, and it may arrive much later. */
  #response: SyncPage | undefined;
  mostBuffered = 0;

  constructor(cursor?: string) {
    this.state = initialState(cursor);
  }

  #apply(event: StreamEvent): void {
    const { state, deliver, request } = transition(this.state, event, options);
    this.state = state;
    for (const entry of deliver) this.observed.push(positionOf(entry));
    if (request) {
      this.#request = request;
      this.#response = undefined;
    }
    if (state.phase === "catching-up") {
      this.mostBuffered = Math.max(this.mostBuffered, state.buffer?.length ?? 0);
    }
  }

  append(): void {
    this.end += 1;
  }

  connect(): void {
    if (this.#arrived !== undefined) return;
    this.#arrived = this.end;
    this.#apply({ type: "ready", cursor: idOf(this.end) });
  }

  disconnect(): void {
    if (this.#arrived === undefined) return;
    this.#arrived = undefined;
    this.#request = undefined;
    this.#response = undefined;
    this.#apply({ type: "disconnected" });
  }

  /** Delivers the next live message, or with `isRepeat` the last one again. */
  live(isRepeat: boolean): void {
    if (this.#arrived === undefined) return;
    if (isRepeat && this.#arrived > 0) {
      this.#apply({ type: "entry", entry: entryOf(this.#arrived) });
    } else if (this.#arrived < this.end) {
      this.#arrived += 1;
      this.#apply({ type: "entry", entry: entryOf(this.#arrived) });
    }
  }

  /** The server loses the messages that it hasn't sent yet, and reports that. */
  gap(): void {
    if (this.#arrived === undefined) return;
    this.#arrived = this.end;
    this.#apply({ type: "gap" });
  }

  /** The server makes its response. */
  respond(): void {
    if (!this.#request || this.#response) return;
    const first = this.#request.after === undefined ? 1 : Number(this.#request.after) + 1;
    const [messages, changes]: [Message[], Change[]] = [[], []];
    let last = first - 1;
    while (last < this.end && messages.length < PAGE && changes.length < PAGE) {
      last += 1;
      const entry = entryOf(last);
      if (isChange(entry)) changes.push(entry);
      else messages.push(entry);
    }
    this.#response = { messages, changes, cursor: idOf(last), more: last < this.end };
  }

  receiveResponse(): void {
    const page = this.#response;
    if (!page) return;
    this.#request = undefined;
    this.#response = undefined;
    this.#apply({ type: "page", page });
  }

  /** Delivers everything that is in flight. */
  settle(): void {
    this.connect();
    for (let round = 0; round < 10_000; round += 1) {
      if (this.#request) {
        this.respond();
        this.receiveResponse();
      } else if (this.#arrived !== undefined && this.#arrived < this.end) this.live(false);
      else return;
    }
    throw new Error("the stream never settles");
  }
}

const expected = (end: number) => Array.from({ length: end }, (_, index) => idOf(index + 1));

const step = fc.oneof(
  { weight: 6, arbitrary: fc.constant((simulation: Simulation) => simulation.append()) },
  { weight: 5, arbitrary: fc.constant((simulation: Simulation) => simulation.live(false)) },
  { weight: 1, arbitrary: fc.constant((simulation: Simulation) => simulation.live(true)) },
  { weight: 3, arbitrary: fc.constant((simulation: Simulation) => simulation.respond()) },
  { weight: 3, arbitrary: fc.constant((simulation: Simulation) => simulation.receiveResponse()) },
  { weight: 2, arbitrary: fc.constant((simulation: Simulation) => simulation.connect()) },
  { weight: 1, arbitrary: fc.constant((simulation: Simulation) => simulation.disconnect()) },
  { weight: 1, arbitrary: fc.constant((simulation: Simulation) => simulation.gap()) },
);

describe("the stream of messages and changes", () => {
  it("G3, P75: delivers every message and change once and in order, however live messages, pages, gaps and disconnects interleave", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const simulation = new Simulation();
        for (const apply of steps) {
          apply(simulation);
          // Never a hole, not even temporarily: the observed messages are always a prefix of the log.
          expect(simulation.observed).toEqual(expected(simulation.observed.length));
        }
        simulation.settle();
        expect(simulation.observed).toEqual(expected(simulation.end));
        expect(simulation.state.phase).toBe("live");
      }),
      { numRuns: 2_000 },
    );
  });

  it("G5: bounds the buffer of live messages, and reads the rest with another round of pages", () => {
    const simulation = new Simulation();
    simulation.append();
    simulation.connect();
    for (let n = 0; n < 50; n += 1) {
      simulation.append();
      simulation.live(false);
    }
    expect(simulation.mostBuffered).toBe(options.maxBuffered);
    simulation.settle();
    expect(simulation.observed).toEqual(expected(51));
  });

  it("P5: starts at the first ready, without a cursor and from now", () => {
    const first = transition(
      initialState(undefined),
      { type: "ready", cursor: idOf(7) },
      { ...options, from: "now" },
    );
    expect(first).toEqual({ state: { phase: "live", cursor: idOf(7), lastId: "" }, deliver: [] });
  });

  it("G3: continues from a saved cursor", () => {
    const { request } = transition(initialState("saved"), { type: "ready", cursor: idOf(7) }, options);
    expect(request).toEqual({ after: "saved" });
  });

  it("G3: an empty page moves the cursor, and the next connection continues from there", () => {
    let { state } = transition(initialState("a"), { type: "ready", cursor: idOf(7) }, options);
    ({ state } = transition(
      state,
      { type: "page", page: { messages: [], changes: [], cursor: "b", more: false } },
      options,
    ));
    ({ state } = transition(state, { type: "disconnected" }, options));
    expect(transition(state, { type: "ready", cursor: idOf(9) }, options).request).toEqual({ after: "b" });
  });

  it("ignores a page that arrives after its connection has ended", () => {
    const idle = initialState("a");
    const late = { messages: [messageOf(1)], changes: [], cursor: "b", more: false };
    expect(transition(idle, { type: "page", page: late }, options)).toEqual({ state: idle, deliver: [] });
  });
});
