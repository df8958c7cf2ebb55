import { afterAll, expect, it } from "vitest";
import { describeInBrowser } from "../rig/browser.ts";
import { startStandalone } from "../rig/shapes.ts";
import { WebUser } from "../rig/web-user.ts";

const deployment = await startStandalone();
afterAll(() => deployment.stop());

await describeInBrowser("the page", (browser) => {
  const signIn = (name: string) => WebUser.visit(browser, deployment.app.url).then((one) => one.signIn(name));

  it("two users chat in public and in private; a third sees only the public messages", async () => {
    const [alice, bob, carol] = [await signIn("alice"), await signIn("bob"), await signIn("carol")];
    await alice.send("Hello, everybody");
    for (const one of [alice, bob, carol]) await one.sees("Hello, everybody");
    await alice.open("bob");
    await alice.send("Hello, Bob");
    await alice.sees("Hello, Bob");
    await bob.entry("alice").getByText("1 unread").waitFor();
    await bob.entry("alice").click();
    await bob.sees("Hello, Bob");
    await bob.send("Hello, Alice");
    await alice.sees("Hello, Alice");
    expect(await alice.texts()).toEqual(["Hello, Bob", "Hello, Alice"]);
    expect(await bob.texts()).toEqual(["Hello, Bob", "Hello, Alice"]);
    await expect.poll(() => bob.entry("alice").textContent()).not.toContain("unread");
    // Messages arrive in log order. If carol had received a private message, it would have arrived before this one.
    await alice.open("");
    await alice.send("That is all");
    await carol.sees("That is all");
    expect(await carol.page.locator("body").textContent()).not.toMatch(/Hello, (Bob|Alice)/);
    for (const one of [alice, bob, carol]) {
      expect(one.errors).toEqual([]);
      expect([...one.hosts]).toEqual([new URL(deployment.app.url).host]);
      await one.close();
    }
  });
});
