import { afterAll, expect, it } from "vitest";
import { describeInBrowser } from "../rig/browser.ts";
import { startStandalone } from "../rig/shapes.ts";
import { WebUser } from "../rig/web-user.ts";

const deployment = await startStandalone();
afterAll(() => deployment.stop());

await describeInBrowser("the page while the browser has no network", (browser) => {
  it("shows at once that there is no connection, and connects at once when the network is back", async () => {
    const alice = await WebUser.visit(browser, deployment.app.url);
    await alice.page.clock.install();
    await alice.page.reload();
    await alice.signIn("alice");
    // No timer fires from now on, neither the heartbeat's nor the one before the next attempt.
    await alice.page.clock.pauseAt(new Date(Date.now() + 60_000));
    await alice.context.setOffline(true);
    await alice.status.filter({ hasText: "No connection" }).waitFor();
    await alice.context.setOffline(false);
    await alice.untilConnected();
    expect(alice.errors).toEqual([]);
    await alice.close();
  });
});
