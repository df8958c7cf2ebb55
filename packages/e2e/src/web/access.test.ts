import axe from "axe-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeInBrowser } from "../rig/browser.ts";
import { Chatter } from "../rig/chat-client.ts";
import { startStandalone } from "../rig/shapes.ts";
import { Person } from "../rig/web-person.ts";

const SIZES = { phone: { width: 360, height: 740 }, desktop: { width: 1280, height: 800 } } as const;

const WAIT = { timeout: 30_000 };

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** What axe-core finds wrong on the screen as it is, in light and in dark, and calls serious or worse. */
async function faults({ page }: Person): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    const { violations } = (await page.evaluate("axe.run()")) as { violations: Violation[] };
    for (const { id, impact, nodes } of violations) {
      if (impact === "serious" || impact === "critical")
        found.push(`${colorScheme}: ${id}: ${nodes.map(({ html }) => html).join(" ")}`);
    }
  }
  return found;
}

const house = await startStandalone();
afterAll(() => house.stop());

await describeInBrowser("the page for everybody", (browser) => {
  // One for each colour that there is.
  const names = ["ben", "eva", "max", "zoe", "leo", "kim", "tom"];
  beforeAll(async () => {
    for (const name of names) {
      const chatter = await Chatter.connect(house.gateways[0], await house.token(name));
      await chatter.send("", `Hello from ${name}`);
      await chatter.close();
    }
  });

  it.each(["phone", "desktop"] as const)(
    "axe-core finds nothing serious on a %s, in light and dark",
    async (size) => {
      const dora = await Person.arrive(browser, house.app.url, {
        viewport: SIZES[size],
        hasTouch: size === "phone",
      });
      const link = await dora.link();
      await dora.page.evaluate(axe.source);
      expect(await faults(dora)).toEqual([]);
      await dora.signIn("dora");
      await dora.open("");
      await dora.say("Hello");
      await dora.sees("Hello");
      await dora.sees(`Hello from ${names[0]}`);
      expect(await faults(dora)).toEqual([]);
      await dora.open("erin");
      await dora.say("x".repeat(9_000));
      await dora.page.getByRole("button", { name: "Edit" }).waitFor();
      link.cut();
      await dora.say("Waits");
      await dora.status.filter({ hasText: "1 message waits" }).waitFor();
      expect(await faults(dora)).toEqual([]);
      if (size === "phone") {
        await dora.page.evaluate("location.hash = '#/'");
        await dora.entry("erin").waitFor();
        expect(await faults(dora)).toEqual([]);
      }
      await dora.leave();
    },
  );

  it("is used by keyboard alone, from signing in to an answer", async () => {
    const finn = await Person.arrive(browser, house.app.url, { viewport: SIZES.desktop });
    const keys = finn.page.keyboard;
    await keys.type("finn");
    await keys.press("Enter");
    await finn.connected();
    await keys.type("By keyboard");
    await keys.press("Enter");
    await finn.sees("By keyboard");
    const reach = async (name: string) => {
      for (let presses = 0; presses < 30; presses += 1) {
        await keys.press("Tab");
        if ((await finn.page.evaluate("document.activeElement?.placeholder")) === name) return;
      }
      throw new Error(`${name} is not reached by Tab`);
    };
    await reach("Talk with…");
    await keys.type("gwen");
    await keys.press("Enter");
    await finn.page.getByRole("heading", { level: 2, name: "gwen" }).waitFor();
    await keys.type("Hello, Gwen");
    await keys.press("Shift+Enter");
    await keys.type("in two lines");
    await keys.press("Enter");
    await expect.poll(() => finn.texts(), WAIT).toEqual(["Hello, Gwen\nin two lines"]);
    await finn.leave();
  });

  it("tells a screen reader what comes live into the open conversation, and not what is scrolled to", async () => {
    const [hugo, ida] = [
      await Person.arrive(browser, house.app.url).then((one) => one.signIn("hugo")),
      await Person.arrive(browser, house.app.url).then((one) => one.signIn("ida")),
    ];
    await hugo.open("ida");
    const told = hugo.page.locator("[aria-live=polite]");
    await ida.open("hugo");
    await ida.say("Can you hear me?");
    await expect.poll(() => told.textContent(), WAIT).toBe("ida: Can you hear me?");
    await hugo.page.reload();
    await hugo.sees("Can you hear me?");
    expect(await told.textContent()).toBe("");
    for (const one of [hugo, ida]) await one.leave();
  });
});
