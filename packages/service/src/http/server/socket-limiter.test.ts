import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CountedSocket, type Place, SocketLimiter, type SocketLimits } from "./socket-limiter.ts";

class FakeSocket implements CountedSocket {
  bytesRead = 0;
  destroyed = false;
  receive(): void {
    this.bytesRead += 1;
  }
  destroy(): void {
    this.destroyed = true;
  }
}

const limiterOf = (limits: Partial<SocketLimits>) =>
  new SocketLimiter({ total: Number.POSITIVE_INFINITY, perAddress: Number.POSITIVE_INFINITY, ...limits });

function admitted(limiter: SocketLimiter, block: string | undefined, now: number): [Place, FakeSocket] {
  const socket = new FakeSocket();
  const admission = limiter.admit(socket, block, now);
  if ("refused" in admission) throw new Error(`refused: ${admission.refused}`);
  return [admission.place, socket];
}

describe("accepted sockets", () => {
  it("G5: are limited per address, without effect on other addresses", () => {
    const limiter = limiterOf({ perAddress: 2 });
    for (let i = 0; i < 2; i++) admitted(limiter, "a", 0);
    expect(limiter.admit(new FakeSocket(), "a", 0)).toEqual({ refused: "address" });
    admitted(limiter, "b", 0);
    expect(limiter.total).toBe(3);
  });

  it("G5: are limited in total, with or without an address", () => {
    const limiter = limiterOf({ total: 3, perAddress: 2 });
    for (let i = 0; i < 3; i++) admitted(limiter, undefined, 0);
    expect(limiter.admit(new FakeSocket(), undefined, 0)).toEqual({ refused: "full" });
    expect(limiter.admit(new FakeSocket(), "a", 0)).toEqual({ refused: "full" });
  });

  it("G5: at a limit, the oldest idle one makes room", () => {
    const limiter = limiterOf({ perAddress: 2 });
    const [, first] = admitted(limiter, "a", 0);
    const [, second] = admitted(limiter, "a", 10);
    expect(limiter.admit(new FakeSocket(), "a", 5_000)).toMatchObject({ evicted: true });
    expect([first.destroyed, second.destroyed]).toEqual([true, false]);
  });

  it("G5: a full server closes idle sockets of any address", () => {
    const limiter = limiterOf({ total: 2 });
    const [, first] = admitted(limiter, "a", 0);
    admitted(limiter, "b", 0);
    expect(limiter.admit(new FakeSocket(), "c", 5_000)).toMatchObject({ evicted: true });
    expect(first.destroyed).toBe(true);
  });

  it("keep their place for half a second at least, even if others need it", () => {
    const limiter = limiterOf({ total: 1 });
    admitted(limiter, "a", 0);
    expect(limiter.admit(new FakeSocket(), "b", 499)).toEqual({ refused: "full" });
    expect(limiter.admit(new FakeSocket(), "b", 500)).toMatchObject({ evicted: true });
  });

  it.each<[string, (limiter: SocketLimiter, place: Place, socket: FakeSocket) => void]>([
    ["while a request is being answered", (limiter, place) => limiter.noteBusy(place)],
    ["while a request is being sent", (_limiter, _place, socket) => socket.receive()],
    ["after they became WebSockets", (limiter, place) => limiter.noteWebSocket(place)],
  ])("never make room %s", (_when, change) => {
    const limiter = limiterOf({ total: 1 });
    const [place, socket] = admitted(limiter, "a", 0);
    change(limiter, place, socket);
    expect(limiter.admit(new FakeSocket(), "b", 60_000)).toEqual({ refused: "full" });
    expect(socket.destroyed).toBe(false);
  });

  it("are idle again half a second after the first look that finds them used", () => {
    const limiter = limiterOf({ total: 1 });
    const [place, socket] = admitted(limiter, "a", 0);
    socket.receive();
    limiter.noteBusy(place);
    limiter.noteIdle(place);
    expect(limiter.admit(new FakeSocket(), "b", 10_000)).toEqual({ refused: "full" });
    expect(limiter.admit(new FakeSocket(), "b", 10_499)).toEqual({ refused: "full" });
    expect(limiter.admit(new FakeSocket(), "b", 10_500)).toMatchObject({ evicted: true });
  });

  it("count for no address once they are WebSockets, and in total until they end", () => {
    const limiter = limiterOf({ total: 2, perAddress: 1 });
    const [place] = admitted(limiter, "a", 0);
    limiter.noteWebSocket(place);
    admitted(limiter, "a", 0);
    expect(limiter.admit(new FakeSocket(), "b", 0)).toEqual({ refused: "full" });
    limiter.releaseWebSocket();
    admitted(limiter, "b", 0);
  });

  it("G5: whatever happens, the counts are those of the sockets that are open", () => {
    const step = fc.record({
      action: fc.constantFrom<Action>("busy", "idle", "upgrade", "send", "end", "admit", "admit"),
      which: fc.nat(20),
      block: fc.constantFrom("a", "b", undefined),
      waitMs: fc.constantFrom(0, 400, 2_000),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const model = new Model();
        for (const each of steps) model.apply(each);
      }),
    );
  });
});

type Action = "admit" | "busy" | "idle" | "upgrade" | "send" | "end";

interface Step {
  readonly action: Action;
  readonly which: number;
  readonly block: string | undefined;
  readonly waitMs: number;
}

interface OpenSocket {
  readonly place: Place;
  readonly socket: FakeSocket;
  readonly block: string | undefined;
  isWebSocket: boolean;
}

/** A limiter, and a list of the sockets that should be open. Each step checks the limiter against the list. */
class Model {
  readonly #limits = { total: 6, perAddress: 3 };
  readonly #limiter = new SocketLimiter(this.#limits);
  #open: OpenSocket[] = [];
  #now = 0;

  apply({ action, which, block, waitMs }: Step): void {
    this.#now += waitMs;
    const chosen = this.#open[which % Math.max(1, this.#open.length)];
    if (action === "admit") this.#admit(block);
    else if (chosen) this.#change(action, chosen);
    this.#open = this.#open.filter(({ socket }) => !socket.destroyed);
    expect(this.#limiter.total).toBe(this.#open.length);
    expect(this.#open.length).toBeLessThanOrEqual(this.#limits.total);
    for (const address of ["a", "b"])
      expect(this.#countOf(address)).toBeLessThanOrEqual(this.#limits.perAddress);
  }

  #admit(block: string | undefined): void {
    const socket = new FakeSocket();
    const admission = this.#limiter.admit(socket, block, this.#now);
    if ("place" in admission) this.#open.push({ place: admission.place, socket, block, isWebSocket: false });
    else if (admission.refused === "full") expect(this.#open).toHaveLength(this.#limits.total);
    else expect(this.#countOf(block)).toBe(this.#limits.perAddress);
  }

  #change(action: Exclude<Action, "admit">, chosen: OpenSocket): void {
    const { place, socket } = chosen;
    if (action === "busy") this.#limiter.noteBusy(place);
    if (action === "idle" && !chosen.isWebSocket) this.#limiter.noteIdle(place);
    if (action === "send") socket.receive();
    if (action === "upgrade" && !chosen.isWebSocket) {
      this.#limiter.noteWebSocket(place);
      chosen.isWebSocket = true;
    }
    if (action !== "end") return;
    if (chosen.isWebSocket) this.#limiter.releaseWebSocket();
    // Released twice: the limiter also gets a report of the end of each socket that it closed itself.
    else for (let i = 0; i < 2; i++) this.#limiter.release(place);
    socket.destroy();
  }

  #countOf(block: string | undefined): number {
    return this.#open.filter((each) => each.block === block && !each.isWebSocket).length;
  }
}
