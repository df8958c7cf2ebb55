import { afterAll, expect, it } from "vitest";
import { describeInBrowser } from "../rig/browser.ts";
import { startStandalone } from "../rig/shapes.ts";
import { Person } from "../rig/web-person.ts";

const house = await startStandalone();
afterAll(() => house.stop());

await describeInBrowser("the page", (browser) => {
  const arrive = (name: string) => Person.arrive(browser, house.app.url).then((one) => one.signIn(name));

  it("two chat in public and in private; a third sees only the public part", async () => {
    const [alice, bob, carol] = [await arrive("alice"), await arrive("bob"), await arrive("carol")];
    await alice.say("Hello, everybody");
    for (const one of [alice, bob, carol]) await one.sees("Hello, everybody");
    await alice.open("bob");
    await alice.say("Hello, Bob");
    await alice.sees("Hello, Bob");
    await bob.entry("alice").getByText("1 unread").waitFor();
    await bob.entry("alice").click();
    await bob.sees("Hello, Bob");
    await bob.say("Hello, Alice");
    await alice.sees("Hello, Alice");
    expect(await alice.texts()).toEqual(["Hello, Bob", "Hello, Alice"]);
    expect(await bob.texts()).toEqual(["Hello, Bob", "Hello, Alice"]);
    expect(await bob.entry("alice").textContent()).not.toContain("unread");
    // What carol would have been told, had she been told it, came before this.
    await alice.open("");
    await alice.say("That is all");
    await carol.sees("That is all");
    expect(await carol.page.locator("body").textContent()).not.toMatch(/Hello, (Bob|Alice)/);
    for (const one of [alice, bob, carol]) {
      expect(one.mishaps).toEqual([]);
      expect([...one.hosts]).toEqual([new URL(house.app.url).host]);
      await one.leave();
    }
  });
});
