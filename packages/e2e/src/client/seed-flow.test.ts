import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Observer, observe } from "../rig/sdk-observer.ts";
import { type Deployment, describeSplit, startStandalone } from "../rig/shapes.ts";

/**
 * Defines tests of the first things that a developer tries with the SDK. Deployments of either shape must pass them.
 */
function seedFlow(start: () => Promise<Deployment>) {
  let deployment: Deployment;
  let alice: Observer;
  let bob: Observer;
  let carol: Observer;

  beforeAll(async () => {
    deployment = await start();
    alice = await observe(deployment, "alice");
    bob = await observe(deployment, "bob", { url: deployment.gateways[1] });
    carol = await observe(deployment, "carol", { url: deployment.gateways[1] });
  });
  afterAll(async () => {
    for (const observer of [alice, bob, carol]) observer?.client.close();
    await deployment?.stop();
  });

  it("P10, P20: a send resolves with the id and timestamp that all clients see", async () => {
    const receipt = await alice.client.send("", "hello everybody");
    const seen = await Promise.all(
      [alice, bob, carol].map((observer) => observer.message("hello everybody")),
    );
    for (const message of seen) {
      expect(message).toEqual({ ...receipt, from: "alice", to: "", content: "hello everybody" });
    }
    expect(alice.client.user).toBe("alice");
  });

  it("P13, P20: private messages arrive in the order of the calls, and at nobody else", async () => {
    const contents = Array.from({ length: 20 }, (_, n) => `private ${n}`);
    await Promise.all(contents.map((content) => alice.client.send("bob", content)));
    await alice.client.send("", "after them");
    await Promise.all([bob, carol].map((observer) => observer.message("after them")));
    const contentsSeenBy = ({ messages }: Observer) => messages.map(({ content }) => content);
    expect(contentsSeenBy(bob)).toEqual(["hello everybody", ...contents, "after them"]);
    expect(contentsSeenBy(carol)).toEqual(["hello everybody", "after them"]);
  });

  it("P51, P56: history comes in pages from the newest back, each in log order", async () => {
    const newest = await bob.client.history("alice", { limit: 15 });
    expect(newest.messages.map(({ content }) => content)[14]).toBe("private 19");
    expect(newest.more).toBe(true);
    const older = await bob.client.history("alice", { limit: 15, before: newest.messages[0]?.id ?? "" });
    expect(older.messages.map(({ content }) => content)).toEqual(
      Array.from({ length: 5 }, (_, n) => `private ${n}`),
    );
    expect(older.more).toBe(false);
    expect((await carol.client.history("")).messages).toHaveLength(2);
  });

  it("G4: a send that the server refuses for good rejects with its code, and did not go through", async () => {
    await expect(alice.client.send("bob", "x".repeat(9_000))).rejects.toMatchObject({
      code: "content_too_long",
      mayHaveGoneThrough: false,
    });
    await expect(alice.client.send("no such name!", "x")).rejects.toMatchObject({ code: "invalid_message" });
    await alice.client.send("bob", "first", { ref: "twice" });
    await expect(alice.client.send("bob", "second", { ref: "twice" })).rejects.toMatchObject({
      code: "ref_reused",
    });
  });

  it("G3: a client with a saved cursor continues exactly after it", async () => {
    const before = await observe(deployment, "dave");
    await alice.client.send("dave", "seen");
    await before.message("seen");
    const { cursor } = before.client;
    before.client.close();
    await alice.client.send("dave", "missed 1");
    await alice.client.send("", "missed 2");
    const after = await observe(deployment, "dave", { cursor: cursor ?? "" });
    await alice.client.send("dave", "live");
    await after.message("live");
    expect(after.messages.map(({ content }) => content)).toEqual(["missed 1", "missed 2", "live"]);
    after.client.close();
  });

  it("G3: from the beginning a client gets everything, from now only new messages", async () => {
    const whole = await observe(deployment, "bob", { from: "beginning" });
    const now = await observe(deployment, "bob");
    expect(whole.messages.map(({ id }) => id)).toEqual(bob.messages.map(({ id }) => id));
    expect(whole.phases).toContain("catching-up");
    expect(now.messages).toEqual([]);
    expect(now.phases).not.toContain("catching-up");
    for (const { client } of [whole, now]) client.close();
  });
}

describe("the seed flow through the SDK, standalone", () => seedFlow(startStandalone));

await describeSplit("the seed flow through the SDK, split over two gateways", {}, (deployment) =>
  seedFlow(async () => deployment),
);
