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

  it("G5: of a long list, only the entries on the screen and a few around them are in the document", async () => {
    const count = 300;
    const dora = await ChatClient.connect(deployment.gateways[0], await deployment.token("dora"));
    const user = await WebUser.visit(browser, deployment.app.url, { viewport: { width: 1280, height: 800 } });
    await user.signIn("dora");
    const names = Array.from({ length: count }, (_, n) => `user-${n}`);
    for (const name of names) await dora.send(name, `Hello ${name}`);
    await user.entry(`user-${count - 1}`).waitFor();
    const entries = user.page.locator(".conversations li");
    expect(await entries.count()).toBeLessThan(80);
    // The public room is the first one.
    const places = () =>
      entries.evaluateAll((all) => all.map((one) => Number(one.getAttribute("aria-posinset"))));
    expect((await places()).slice(0, 3)).toEqual([1, 2, 3]);
    expect(await entries.first().getAttribute("aria-setsize")).toBe(`${count + 1}`);

    const heightOf = () => user.page.evaluate("document.querySelector('.conversations').offsetHeight");
    const height = await heightOf();
    await user.page.evaluate("document.querySelector('.sidebar').scrollTop = 1e6");
    await user.entry("user-0").waitFor();
    expect(await entries.count()).toBeLessThan(80);
    expect((await places()).at(-1)).toBe(count + 1);
    expect(await heightOf()).toBe(height);

    // By keyboard, one entry after the other, from the end to the beginning. A busy page hears of the scrolling late.
    await user.page.evaluate("addEventListener('scroll', (event) => event.stopImmediatePropagation(), true)");
    await user.entry("user-0").focus();
    const focused = () => user.page.evaluate("document.activeElement?.querySelector('bdi')?.textContent");
    for (const name of names) {
      expect(await focused()).toBe(name);
      await user.page.keyboard.press("Shift+Tab");
    }
    expect(await focused()).toBe("Public room");
    expect(user.errors).toEqual([]);
    await dora.close();
    await user.close();
  });
});
