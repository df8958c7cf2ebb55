import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { MarkSender } from "./mark-sender.ts";

const idOf = (n: number) => `1752674400000-${String(n).padStart(10, "0")}-00`;
const refused = (code: string, retryAfterMs = 0) => ({ code, retryAfterMs });

let wire: [other: string, id: string][];
let sender: MarkSender;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  wire = [];
  sender = newSender((other, id) => wire.push([other, id]));
});
afterEach(() => {
  sender.close();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function newSender(sent: (other: string, id: string) => void): MarkSender {
  return new MarkSender((frame) => {
    const { type, with: other, id } = JSON.parse(frame);
    expect(type).toBe("read");
    sent(other, id);
  });
}

/** The server gets a mark and tells it. */
function hear([other, id]: [string, string]): void {
  sender.confirm(other, id);
}

describe("read marks on their way to the server", () => {
  it("P70: of the marks of a conversation the greatest is sent, once", async () => {
    sender.connected();
    for (const n of [1, 3, 2]) sender.mark("bob", idOf(n));
    sender.mark("", idOf(2));
    await vi.advanceTimersByTimeAsync(0);
    expect(wire).toEqual([
      ["bob", idOf(3)],
      ["", idOf(2)],
    ]);
    sender.confirm("bob", idOf(2));
    await vi.advanceTimersByTimeAsync(20_000);
    expect(wire.slice(2, 4)).toEqual(wire.slice(0, 2));
    wire.splice(2).forEach(hear);
    for (const n of [1, 3]) sender.mark("bob", idOf(n));
    await vi.advanceTimersByTimeAsync(600_000);
    expect(wire).toHaveLength(2);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("P70: a mark for each message is at most two frames a second", async () => {
    sender.connected();
    for (let n = 1; n <= 100; n += 1) {
      sender.mark("bob", idOf(n));
      await vi.advanceTimersByTimeAsync(50);
    }
    await vi.advanceTimersByTimeAsync(1_000);
    expect(wire.length).toBeLessThanOrEqual(12);
    expect(wire.at(-1)).toEqual(["bob", idOf(100)]);
  });

  it("P70: an unheard mark is sent again, with growing pauses, but not for ever", async () => {
    sender.connected();
    sender.mark("bob", idOf(1));
    await vi.advanceTimersByTimeAsync(5_999);
    expect(wire).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(60_000);
    const inTheFirstMinute = wire.length;
    expect(inTheFirstMinute).toBeGreaterThan(2);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(wire).toHaveLength(8);
    expect(vi.getTimerCount()).toBe(0);
    sender.mark("bob", idOf(1));
    sender.disconnected();
    sender.connected();
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(wire).toHaveLength(8);
    sender.mark("bob", idOf(2));
    await vi.advanceTimersByTimeAsync(0);
    expect(wire.at(-1)).toEqual(["bob", idOf(2)]);
  });

  it("P70: what isn't settled is sent on each new connection, and links that break use up no attempts", async () => {
    sender.mark("bob", idOf(1));
    expect(vi.getTimerCount()).toBe(0);
    for (let n = 1; n <= 20; n += 1) {
      sender.connected();
      await vi.advanceTimersByTimeAsync(2_000);
      expect(wire).toHaveLength(n);
      sender.disconnected();
      expect(vi.getTimerCount()).toBe(0);
      await vi.advanceTimersByTimeAsync(60_000);
    }
  });

  it("P70: after a refusal the newest marks are sent, no sooner than the server asks, and with growing pauses", async () => {
    sender.connected();
    sender.mark("bob", idOf(1));
    sender.mark("carol", idOf(1));
    await vi.advanceTimersByTimeAsync(0);
    for (let n = 0; n < 2; n += 1) sender.onError(refused("rate_limited", 5_000));
    sender.mark("bob", idOf(2));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(wire).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(wire.slice(2)).toEqual([
      ["bob", idOf(2)],
      ["carol", idOf(1)],
    ]);
    sender.onError(refused("backlog_full"));
    sender.disconnected();
    sender.connected();
    await vi.advanceTimersByTimeAsync(999);
    expect(wire).toHaveLength(4);
    for (let n = 0; n < 50; n += 1) {
      await vi.advanceTimersByTimeAsync(30_000);
      sender.onError(refused("backlog_full"));
    }
    // A refusal isn't a mark that nobody hears: the client doesn't give it up.
    const before = wire.length;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(wire.length).toBe(before + 2);
  });

  it.each([1e300, Number.NaN, -1, "1000"])(
    "G5: a server that asks for a wait of %s ms gets five minutes at most, and no loop without pauses",
    async (retryAfterMs) => {
      sender.connected();
      sender.mark("bob", idOf(1));
      await vi.advanceTimersByTimeAsync(0);
      sender.onError(refused("rate_limited", retryAfterMs as number));
      const until = performance.now() + 310_000;
      let timers = 0;
      for (; timers < 1_000 && vi.getTimerCount() > 0 && performance.now() < until; timers += 1)
        await vi.advanceTimersToNextTimerAsync();
      expect(wire.length).toBeGreaterThan(1);
      expect(timers).toBeLessThan(1_000);
    },
  );

  it("P30: after an invalid mark, none in flight is sent again; an error about another frame changes nothing", async () => {
    sender.connected();
    sender.onError(refused("rate_limited", 60_000));
    sender.mark("no user", idOf(1));
    await vi.advanceTimersByTimeAsync(0);
    expect(wire).toHaveLength(1);
    sender.onError(refused("unauthorized"));
    sender.onError(refused("invalid_message"));
    await vi.advanceTimersByTimeAsync(600_000);
    expect(wire).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("P70: many conversations are marked within the server's rate, those that waited first", async () => {
    sender.connected();
    const names = Array.from({ length: 40 }, (_, n) => `user${n}`);
    for (const name of names) sender.mark(name, idOf(1));
    for (let round = 0; round < 10; round += 1) {
      await vi.advanceTimersByTimeAsync(round === 0 ? 0 : 500);
      expect(wire).toHaveLength((round + 1) * 4);
    }
    expect(wire.map(([other]) => other)).toEqual(names);
  });

  it("G5: at most 1,000 conversations wait, the newest ones", async () => {
    for (let n = 0; n < 1_500; n += 1) sender.mark(`user${n}`, idOf(1));
    sender.connected();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(wire[0]).toEqual(["user500", idOf(1)]);
  });

  it("P70: a mark that nobody hears doesn't hold up those that weren't sent yet", async () => {
    sender.connected();
    const names = Array.from({ length: 160 }, (_, n) => `user${n}`);
    for (const name of names) sender.mark(name, idOf(1));
    await vi.advanceTimersByTimeAsync(19_600);
    expect(wire.map(([other]) => other)).toEqual(names);
  });

  it("what waits for a round leaves before the client closes, and nothing after that", async () => {
    sender.connected();
    sender.mark("bob", idOf(1));
    await vi.advanceTimersByTimeAsync(0);
    sender.mark("bob", idOf(2));
    sender.close();
    expect(wire.at(-1)).toEqual(["bob", idOf(2)]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("P70: whatever is lost on the way, in the end the server has the greatest mark of each conversation", () => {
    const step = fc.oneof(
      fc.record({ other: fc.constantFrom("", "bob", "carol"), n: fc.integer({ min: 1, max: 50 }) }),
      fc.constantFrom<Step>("connect", "disconnect", "serve", "serve", "wait", "wait"),
    );
    fc.assert(
      fc.property(fc.array<Step>(step, { maxLength: 40 }), fc.nat({ max: 6 }), (steps, losses) => {
        const simulation = new Simulation();
        for (const each of steps) simulation.apply(each);
        simulation.apply("connect");
        for (let n = 0; n < losses; n += 1) simulation.apply("wait").apply("lose");
        for (let n = 0; n < 100; n += 1) simulation.apply("wait").apply("serve");
        expect(simulation.server).toEqual(simulation.marked);
        expect(vi.getTimerCount()).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});

type Step =
  | "connect"
  | "disconnect"
  /** The server raises the marks that have arrived, and tells those that have grown. */
  | "serve"
  /** The server loses the marks that have arrived. */
  | "lose"
  | "wait"
  | { readonly other: string; readonly n: number };

/** A server that raises marks, and a client. */
class Simulation {
  readonly server = new Map<string, string>();
  readonly marked = new Map<string, string>();
  #isConnected = false;
  #arriving: [string, string][] = [];
  readonly #client = newSender((other, id) => this.#arriving.push([other, id]));

  apply(step: Step): this {
    if (typeof step === "object") this.#mark(step.other, idOf(step.n));
    else if (step === "wait") vi.advanceTimersByTime(3_000);
    else if (step === "lose") this.#arriving = [];
    else if (step === "serve") this.#serve();
    else this.#setConnected(step === "connect");
    return this;
  }

  #mark(other: string, id: string): void {
    this.#client.mark(other, id);
    raise(this.marked, other, id);
  }

  #serve(): void {
    for (const [other, id] of this.#arriving.splice(0)) {
      if (raise(this.server, other, id)) this.#client.confirm(other, id);
    }
  }

  #setConnected(isConnected: boolean): void {
    if (this.#isConnected === isConnected) return;
    this.#isConnected = isConnected;
    this.#arriving = [];
    if (isConnected) this.#client.connected();
    else this.#client.disconnected();
  }
}

function raise(marks: Map<string, string>, other: string, id: string): boolean {
  if ((marks.get(other) ?? "") >= id) return false;
  marks.set(other, id);
  return true;
}
