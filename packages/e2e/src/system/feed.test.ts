import { until } from "@parley/async";
import type { App } from "@parley/local";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ChatClient } from "../rig/chat-client.ts";
import { type Deployment, describeSplit, type Standalone, startStandalone } from "../rig/shapes.ts";

interface Page {
  readonly entries: readonly { readonly id: string; readonly message: { readonly content: string } }[];
  readonly cursor: string;
}

/** Defines tests of the feed with real processes. `app` is the one that answers it, which the last test stops. */
function feed(of: () => { readonly deployment: Deployment; readonly app: App }) {
  async function read(query: string): Promise<Page> {
    const { deployment } = of();
    const token = await deployment.token("service", { scopes: ["history:all"] });
    const response = await fetch(`${deployment.historyUrl}/feed?${query}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(response.status).toBe(200);
    return (await response.json()) as Page;
  }

  async function untilHeld(): Promise<void> {
    const metrics = async () => (await fetch(`${of().app.adminUrl}/metrics`)).text();
    await until(async () => /^parley_history_feed_waits 1$/m.test(await metrics()));
  }

  it("P63: a held request is answered when a message of others comes, and at once when the process stops", async () => {
    const { deployment, app } = of();
    const alice = await ChatClient.connect(deployment.gateways[0], await deployment.token("alice"));
    await alice.send("bob", "first");
    const { cursor, entries } = await read("");
    expect(entries.map(({ message }) => message.content)).toEqual(["first"]);

    const held = read(`after=${cursor}&wait=25`);
    await untilHeld();
    await alice.send("carol", "second");
    const next = await held;
    expect(next.entries.map(({ message }) => message.content)).toEqual(["second"]);
    alice.socket.terminate();

    const last = read(`after=${next.cursor}&wait=25`);
    await untilHeld();
    const stoppedAt = performance.now();
    await app.kill("SIGTERM");
    expect(await last).toMatchObject({ entries: [], cursor: next.cursor });
    // Sooner than the request's own time.
    expect(performance.now() - stoppedAt).toBeLessThan(20_000);
    expect(await app.exited).toMatchObject({ code: 0 });
  });
}

describe("the feed, standalone", () => {
  let deployment: Standalone;
  beforeAll(async () => {
    deployment = await startStandalone();
  });
  afterAll(() => deployment?.stop());
  feed(() => ({ deployment, app: deployment.app }));
});

await describeSplit("the feed, split", {}, (deployment) => {
  feed(() => ({ deployment, app: deployment.historyApi }));
});
