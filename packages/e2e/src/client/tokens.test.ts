import { until } from "@parley/async";
import { connect, type State } from "@parley/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Observer, observe } from "../rig/sdk-observer.ts";
import { type Standalone, startStandalone } from "../rig/shapes.ts";

/** A JWT that is signed with a secret that the server doesn't know. */
const FORGED =
  "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSIsImV4cCI6NDEwMjQ0NDgwMH0.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

describe("the SDK's tokens", () => {
  let deployment: Standalone;
  let sender: Observer;
  beforeAll(async () => {
    deployment = await startStandalone();
    sender = await observe(deployment, "sender");
  });
  afterAll(async () => {
    sender?.client.close();
    await deployment?.stop();
  });

  /** Sends messages until `isEnough` returns true. Resolves with their ids, all of which the recipient must see. */
  async function sendUntil(to: string, isEnough: () => boolean): Promise<string[]> {
    const sent: string[] = [];
    await until(async () => {
      sent.push((await sender.client.send(to, `message ${sent.length}`)).id);
      return isEnough();
    }, "the condition to stop sending");
    return sent;
  }

  async function expectSeen(observer: Observer, ids: string[]): Promise<void> {
    await until(() => observer.messages.length >= ids.length, "all messages to arrive");
    expect(observer.messages.map(({ id }) => id)).toEqual(ids);
  }

  it("P6: tokens that expire after two seconds are renewed on the open connection, and nothing is missed", async () => {
    let alice: Observer | undefined;
    let phasesBefore = 0;
    // Renewals in a row without an outage. After two of them, the first two tokens have expired on the open connection. On a
    // machine that stalls for a moment a token may expire before it is renewed.
    let inARow = 0;
    const token = () => {
      const phases = alice?.phases.length ?? 0;
      inARow = alice && phases === phasesBefore ? inARow + 1 : 0;
      phasesBefore = phases;
      return deployment.token("alice", { expiresInSeconds: 2 });
    };
    alice = await observe(deployment, "alice", { token });
    const ids = await sendUntil("alice", () => inARow === 2);
    await expectSeen(alice, ids);
    alice.client.close();
  });

  it("P6, P40: without a fresh token in time the client goes offline, comes back and has missed nothing", async () => {
    let issued = 0;
    const start = performance.now();
    const token = async () => {
      issued += 1;
      if (issued > 1 && performance.now() - start < 3_500) throw new Error("the issuer is away");
      return deployment.token("bob", { expiresInSeconds: issued === 1 ? 2 : 60 });
    };
    const bob = await observe(deployment, "bob", { token });
    const ids = await sendUntil("bob", () => bob.phases.includes("offline") && bob.phases.at(-1) === "live");
    await expectSeen(bob, ids);
    // The client retries with growing pauses, so it requests only a few tokens.
    expect(issued).toBeLessThan(60);
    bob.client.close();
  });

  it("P3: a refused token closes the client with the server's code, and rejects pending sends", async () => {
    const backoff = { baseMs: 50, maxMs: 500 };
    const client = connect({ url: deployment.gateways[0], token: () => FORGED, backoff });
    const sent = client.send("bob", "never").catch((error: unknown) => error);
    const state = await until(
      () => (client.state.current.phase === "closed" ? client.state.current : undefined),
      "the client to close",
    );
    expect(state.error).toMatchObject({ code: "unauthorized", temporary: false });
    const cause = { code: "unauthorized" };
    expect(await sent).toMatchObject({ code: "closed", mayHaveGoneThrough: false, cause });
    await expect(client.send("bob", "x")).rejects.toMatchObject({ code: "closed" });
  });

  it("P3: after a cached token is refused, the client asks for a fresh one before it gives up", async () => {
    let issued = 0;
    const carol = await observe(deployment, "carol", {
      token: () => (issued++ === 0 ? FORGED : deployment.token("carol")),
    });
    expect(issued).toBe(2);
    carol.client.close();
  });

  it("P40: while the server restarts the client waits, reports why, and sends pending messages afterwards", async () => {
    const states: State[] = [];
    const dave = await observe(deployment, "dave");
    dave.client.state.subscribe((state) => states.push(state));
    const stopped = deployment.app.stop();
    await until(() => states.some(({ phase }) => phase === "offline"), "the client to be offline");
    const sent = dave.client.send("dave", "over the restart");
    await stopped;
    await deployment.app.restart();
    const { id } = await sent;
    expect((await dave.message("over the restart")).id).toBe(id);
    dave.client.close();
  });
});
