import { inBackground, until } from "@parley/async";
import { expect, it } from "vitest";
import { describeShapes } from "./suite.ts";

interface Page {
  readonly entries: readonly { readonly id: string; readonly message: { readonly content: string } }[];
  readonly cursor: string;
}

await describeShapes("the feed", {}, (suite) => {
  async function read(query: string): Promise<Page> {
    const { status, body } = await suite.request("service", `/feed?${query}`, { scopes: ["history:all"] });
    expect(status).toBe(200);
    return body as unknown as Page;
  }

  async function untilHeld(requests: number): Promise<void> {
    const { adminUrl } = suite.deployment.historyApp;
    const metrics = async () => (await fetch(`${adminUrl}/metrics`)).text();
    await until(async () => (await metrics()).includes(`\nparley_history_feed_waits ${requests}\n`));
  }

  it("P63: a held request is answered when a message of others comes, and at once when the process stops", async () => {
    const alice = await suite.connect(0, "alice");
    await alice.send("bob", "first");
    const { cursor, entries } = await read("");
    expect(entries.map(({ message }) => message.content)).toEqual(["first"]);

    const held = inBackground(read(`after=${cursor}&wait=25`));
    await untilHeld(1);
    await alice.send("carol", "second");
    const next = await held;
    expect(next.entries.map(({ message }) => message.content)).toEqual(["second"]);

    // The metric is measured once a second.
    await untilHeld(0);
    const last = inBackground(read(`after=${next.cursor}&wait=25`));
    await untilHeld(1);
    const stoppedAt = performance.now();
    const { historyApp } = suite.deployment;
    await historyApp.kill("SIGTERM");
    expect(await last).toMatchObject({ entries: [], cursor: next.cursor });
    // Sooner than the request's own time.
    expect(performance.now() - stoppedAt).toBeLessThan(20_000);
    expect(await historyApp.exited).toMatchObject({ code: 0 });
  });
});
