import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { clock } from "../timing/clock.ts";
import { Socket, type WebSocketClass } from "./socket.ts";

const HEARTBEAT = { everyMs: 10_000, timeoutMs: 5_000 };

/** A WebSocket whose events the test fires. */
class FakeWebSocket {
  static last: FakeWebSocket;
  readyState = 0;
  readonly sent: string[] = [];
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  onerror: (() => void) | null = null;
  constructor() {
    FakeWebSocket.last = this;
  }
  send(frame: string): void {
    this.sent.push(frame);
  }
  close(): void {
    this.readyState = 3;
  }
}

let closed: number[];
let socket: Socket;
beforeEach(() => {
  vi.useFakeTimers();
  closed = [];
  socket = new Socket(FakeWebSocket as unknown as WebSocketClass, "ws://a/ws", "a.b.c", HEARTBEAT, {
    frame: () => undefined,
    closed: (code) => closed.push(code),
  });
});
afterEach(() => {
  socket.close();
  vi.useRealTimers();
});

describe("a socket", () => {
  it("ends at an error, even if the platform fires no close", () => {
    FakeWebSocket.last.onerror?.();
    vi.advanceTimersByTime(0);
    expect(closed).toEqual([1006]);
    FakeWebSocket.last.onclose?.({ code: 1006 });
    expect(closed).toEqual([1006]);
  });

  it("takes the code of a close that follows an error", () => {
    FakeWebSocket.last.onerror?.();
    FakeWebSocket.last.onclose?.({ code: 4001 });
    vi.advanceTimersByTime(0);
    expect(closed).toEqual([4001]);
  });

  it("P14: ends if the platform fires no event at all", () => {
    vi.advanceTimersByTime(15_000);
    expect(closed).toEqual([1006]);
  });

  it("P14: a send on a link that has been silent for long checks the link, whatever the timers do", () => {
    FakeWebSocket.last.readyState = 1;
    vi.spyOn(clock, "now").mockReturnValue(clock.now() + 60_000);
    socket.send("hello");
    vi.restoreAllMocks();
    expect(FakeWebSocket.last.sent).toEqual(["hello", '{"type":"ping"}']);
  });
});
