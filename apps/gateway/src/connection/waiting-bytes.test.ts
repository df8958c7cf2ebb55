import { Duplex } from "node:stream";
import { expect, it } from "vitest";
import { WebSocket } from "ws";
import { Connection } from "./connection.ts";

/** A socket whose peer reads nothing. */
class UnreadSocket extends Duplex {
  override _read(): void {
    return;
  }
  override _write(): void {
    return;
  }
}

it("P40, G5: a client that reads nothing may have few pongs waiting, because each takes memory besides its bytes", () => {
  const ws = { readyState: WebSocket.OPEN, OPEN: WebSocket.OPEN } as WebSocket;
  const connection = new Connection(ws, new UnreadSocket(), {
    ...{ id: "1", user: "mallory", address: "127.0.0.1", speaksChat: true, cursor: "" },
    ...{ expiresAt: 0, issuedAt: 0, openedAt: 0, heartbeatSlot: 0 },
    maxPendingBytes: 1_048_576,
  });
  let pongs = 0;
  while (pongs < 10_000 && connection.write([Buffer.of(0x8a, 0)])) pongs += 1;
  expect(pongs).toBeGreaterThan(1_000);
  expect(pongs).toBeLessThan(5_000);
});
