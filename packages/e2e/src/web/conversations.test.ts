import type { Route } from "playwright-core";
import { afterAll, expect, it } from "vitest";
import { describeInBrowser } from "../rig/browser.ts";
import { ChatClient } from "../rig/chat-client.ts";
import { startStandalone } from "../rig/shapes.ts";
import { WebUser } from "../rig/web-user.ts";

const deployment = await startStandalone({ env: { RATE_LIMIT: "0" } });
const bob = await ChatClient.connect(deployment.gateways[0], await deployment.token("bob"));
afterAll(async () => {
  await bob.close();
  await deployment.stop();
});

await describeInBrowser("the list of conversations", (browser) => {
  it("G4: a list that can't be loaded isn't shown as empty, and is loaded again", async () => {
    await bob.send("alice", "Hello, Alice");
    const alice = await WebUser.visit(browser, deployment.app.url);
    let attempts = 0;
    await alice.page.route("**/conversations?*", (route) => {
      attempts += 1;
      return route.fulfill({ status: 503 });
    });
    await alice.signIn("alice");
    await alice.page.getByText("Your conversations can't be loaded right now.").waitFor();
    expect(await alice.page.getByText("Private conversations appear here").count()).toBe(0);
    await expect.poll(() => attempts, { timeout: 30_000 }).toBeGreaterThan(1);
    await alice.page.unroute("**/conversations?*");
    await alice.entry("bob").waitFor();
    await alice.page.getByText("Your conversations can't be loaded").waitFor({ state: "detached" });
    await alice.close();
  });

  it("an empty list says that it is empty, once it is loaded", async () => {
    const carol = await WebUser.visit(browser, deployment.app.url);
    const asked = Promise.withResolvers<Route>();
    await carol.page.route("**/conversations?*", (route) => asked.resolve(route));
    await carol.signIn("carol");
    const route = await asked.promise;
    expect(await carol.page.getByText("Private conversations appear here").count()).toBe(0);
    await route.continue();
    await carol.page.getByText("Private conversations appear here").waitFor();
    await carol.close();
  });
});
