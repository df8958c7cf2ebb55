import { until } from "@parley/async";
import { encodeBody, formatId } from "@parley/models";
import { describe, expect, it } from "vitest";
import { chatter } from "../test/chat-client.ts";
import { RawClient } from "../test/raw-client.ts";
import { openHouse } from "../test/running-gateway.ts";

const CONTENT = "x".repeat(8_000);
const id = (n: number) => formatId({ ms: 9_000_000_000_000 + n, seq: 0 });

describe("a client that stops reading", () => {
  it("P40 F14 G5: gets 4002 at its bound, while its neighbours get everything", async () => {
    // More than one write can be: one that is not behind may get any number of bytes at once.
    const maxPendingBytes = 1024 * 1024;
    const house = await openHouse({ config: { maxPendingBytes } });
    const neighbours = [await chatter(house, "alice"), await chatter(house, "bob")];
    const slow = new RawClient(house.port);
    slow.upgrade({ Authorization: `Bearer ${await house.token("mallory")}` });
    await slow.head();
    slow.socket.pause();
    let told = 0;
    const isTooSlow = () => house.events.some(({ type }) => type === "too-slow");
    while (!isTooSlow() && told < 20_000) {
      for (let n = 0; n < 10; n++) {
        told += 1;
        house.listener.message("", {
          id: id(told),
          body: encodeBody({ from: "bob", to: "", content: CONTENT }),
        });
      }
      await new Promise(setImmediate);
    }
    const event = house.events.find((each) => each.type === "too-slow");
    expect(event?.type === "too-slow" && event.pendingBytes).toBeLessThanOrEqual(maxPendingBytes);
    for (const neighbour of neighbours) await neighbour.get("message", told);
    expect(neighbours[0]?.of("message").map((message) => message.id)).toEqual(
      Array.from({ length: told }, (_, n) => id(n + 1)),
    );
    slow.socket.resume();
    expect(await slow.closeCode()).toBe(4002);
    await until(() => house.events.some((each) => each.type === "disconnected"), "its end");
    expect(house.events.find((each) => each.type === "disconnected")).toMatchObject({ cause: "too slow" });
  }, 30_000);

  it("P40 G5: a private flood to one that does not read ends it too, and is no burden on its sender", async () => {
    const none = Number.POSITIVE_INFINITY;
    const house = await openHouse({
      config: { maxPendingBytes: 256 * 1024, rate: { perSecond: none, burst: none } },
    });
    const alice = await chatter(house, "alice");
    const slow = new RawClient(house.port);
    slow.upgrade({ Authorization: `Bearer ${await house.token("mallory")}` });
    await slow.head();
    slow.socket.pause();
    let sent = 0;
    while (!house.events.some(({ type }) => type === "too-slow") && sent < 5_000) {
      for (let n = 0; n < 50; n++) alice.say({ to: "mallory", content: CONTENT, ref: `${sent++}` });
      await alice.get("ack", sent);
    }
    expect(house.events.some(({ type }) => type === "too-slow")).toBe(true);
    await alice.get("message", sent);
  }, 30_000);
});
