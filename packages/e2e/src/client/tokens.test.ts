import { until } from "@parley/async";
import { connect, type State } from "@parley/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Observer, observe } from "../rig/sdk-observer.ts";
import { type Standalone, startStandalone } from "../rig/shapes.ts";

/** A JWT of a secret that the server does not know. */
const FORGED =
  "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSIsImV4cCI6NDEwMjQ0NDgwMH0.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

describe("the SDK's tokens", () => {
  let house: Standalone;
  let sender: Observer;
  beforeAll(async () => {
    house = await startStandalone();
    sender = await observe(house, "sender");
  });
  afterAll(async () => {
    sender?.client.close();
    await house?.stop();
  });

  /** Sends until `enough`; what the receiver must have seen. */
  async function sendUntil(to: string, enough: () => boolean): Promise<string[]> {
    const sent: string[] = [];
    await until(async () => {
      sent.push((await sender.client.send(to, `message ${sent.length}`)).id);
      return enough() || undefined;
    }, "enough");
    return sent;
  }

  async function expectSeen(observer: Observer, ids: string[]): Promise<void> {
    await until(() => observer.messages.length >= ids.length || undefined, "all of them");
    expect(observer.messages.map(({ id }) => id)).toEqual(ids);
  }

  it("P6: tokens of two seconds are renewed on the open connection, and nothing is missed", async () => {
    let given = 0;
    const token = () => {
      given += 1;
      return house.token("alice", { expiresInSeconds: 2 });
    };
    const alice = await observe(house, "alice", { token });
    const ids = await sendUntil("alice", () => given === 4);
    await expectSeen(alice, ids);
    expect(alice.phases).toEqual(["connecting", "live"]);
    alice.client.close();
  });

  it("P6, P40: where no fresh one is to be had in time it goes offline, comes back and has missed nothing", async () => {
    let given = 0;
    const start = Date.now();
    const token = async () => {
      given += 1;
      if (given > 1 && Date.now() - start < 3_500) throw new Error("the issuer is away");
      return house.token("bob", { expiresInSeconds: given === 1 ? 2 : 60 });
    };
    const bob = await observe(house, "bob", { token });
    const ids = await sendUntil("bob", () => bob.phases.includes("offline") && bob.phases.at(-1) === "live");
    await expectSeen(bob, ids);
    // Tried with growing pauses, not in a hot loop.
    expect(given).toBeLessThan(60);
    bob.client.close();
  });

  it("P3: a token that the server does not take closes the client with its code, and rejects what waits", async () => {
    const client = connect({ url: house.gateways[0], token: () => FORGED });
    const sent = client.send("bob", "never").catch((error: unknown) => error);
    const state = await until(
      () => (client.state.current.phase === "closed" ? client.state.current : undefined),
      "the end",
    );
    expect(state.error).toMatchObject({ code: "unauthorized", temporary: false });
    expect(await sent).toMatchObject({ code: "closed", mayHaveGoneThrough: false });
    await expect(client.send("bob", "x")).rejects.toMatchObject({ code: "closed" });
  });

  it("P3: a token from a cache that is good no more is not the end: a fresh one is asked for first", async () => {
    let given = 0;
    const carol = await observe(house, "carol", {
      token: () => (given++ === 0 ? FORGED : house.token("carol")),
    });
    expect(given).toBe(2);
    carol.client.close();
  });

  it("P40: the whole server restarts: the client waits, says why, and comes back with what it had to send", async () => {
    const states: State[] = [];
    const dave = await observe(house, "dave");
    dave.client.state.subscribe((state) => states.push(state));
    const stopped = house.app.stop();
    await until(() => states.some(({ phase }) => phase === "offline") || undefined, "offline");
    const sent = dave.client.send("dave", "over the restart");
    await stopped;
    await house.app.restart();
    const { id } = await sent;
    expect((await dave.message("over the restart")).id).toBe(id);
    dave.client.close();
  });
});
