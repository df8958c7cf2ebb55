import { until } from "@parley/async";
import { encodeBody, formatId } from "@parley/models";
import { describe, expect, it } from "vitest";
import { connectClient } from "../test/chat-client.ts";
import { RawClient } from "../test/raw-client.ts";
import { startGateway } from "../test/running-gateway.ts";

const CONTENT = "x".repeat(8_000);
const id = (n: number) => formatId({ ms: 9_000_000_000_000 + n, seq: 0 });

describe("a client that stops reading", () => {
  it("P40 F14 G5: is closed with 4002 at the bound, while other clients get everything", async () => {
    // Larger than any single write in this test, because a socket in which no bytes wait takes a write of any size.
    const maxPendingBytes = 1024 * 1024;
    const gateway = await startGateway({ config: { maxPendingBytes } });
    const others = [await connectClient(gateway, "alice"), await connectClient(gateway, "bob")];
    const slow = new RawClient(gateway.port);
    slow.upgrade({ Authorization: `Bearer ${await gateway.token("mallory")}` });
    await slow.head();
    slow.socket.pause();
    let delivered = 0;
    const isTooSlow = () => gateway.events.some(({ type }) => type === "too-slow");
    while (!isTooSlow() && delivered < 20_000) {
      for (let n = 0; n < 10; n++) {
        delivered += 1;
        gateway.listener.message("", {
          id: id(delivered),
          body: encodeBody({ from: "bob", to: "", content: CONTENT }),
        });
      }
      await new Promise(setImmediate);
    }
    const event = gateway.events.find((each) => each.type === "too-slow");
    expect(event?.type === "too-slow" && event.pendingBytes).toBeLessThanOrEqual(maxPendingBytes);
    for (const other of others) await other.waitFor("message", delivered);
    expect(others[0]?.framesOf("message").map((message) => message.id)).toEqual(
      Array.from({ length: delivered }, (_, n) => id(n + 1)),
    );
    slow.socket.resume();
    expect(await slow.closeCode()).toBe(4002);
    await until(
      () => gateway.events.some((each) => each.type === "disconnected"),
      "the end of the connection",
    );
    expect(gateway.events.find((each) => each.type === "disconnected")).toMatchObject({ cause: "too slow" });
  }, 30_000);

  it("P40 G5: is closed after a flood of private messages too, which doesn't affect their sender", async () => {
    const none = Number.POSITIVE_INFINITY;
    const gateway = await startGateway({
      config: { maxPendingBytes: 256 * 1024, rate: { perSecond: none, burst: none } },
    });
    const alice = await connectClient(gateway, "alice");
    const slow = new RawClient(gateway.port);
    slow.upgrade({ Authorization: `Bearer ${await gateway.token("mallory")}` });
    await slow.head();
    slow.socket.pause();
    let sent = 0;
    while (!gateway.events.some(({ type }) => type === "too-slow") && sent < 5_000) {
      for (let n = 0; n < 50; n++) alice.send({ to: "mallory", content: CONTENT, ref: `${sent++}` });
      await alice.waitFor("ack", sent);
    }
    expect(gateway.events.some(({ type }) => type === "too-slow")).toBe(true);
    await alice.waitFor("message", sent);
  }, 30_000);
});
