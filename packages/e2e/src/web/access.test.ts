import { afterAll, beforeAll, expect, it } from "vitest";
import { seriousViolations } from "../rig/accessibility.ts";
import { describeInBrowser } from "../rig/browser.ts";
import { ChatClient } from "../rig/chat-client.ts";
import { startStandalone } from "../rig/shapes.ts";
import { WebUser } from "../rig/web-user.ts";

const SIZES = { phone: { width: 360, height: 740 }, desktop: { width: 1280, height: 800 } } as const;

const WAIT = { timeout: 30_000 };

const deployment = await startStandalone();
afterAll(() => deployment.stop());

await describeInBrowser("the accessibility of the page", (browser) => {
  // One user for each color that the page gives to names.
  const names = ["ben", "eva", "max", "zoe", "leo", "kim", "tom"];
  beforeAll(async () => {
    for (const name of names) {
      const client = await ChatClient.connect(deployment.gateways[0], await deployment.token(name));
      await client.send("", `Hello from ${name}`);
      await client.close();
    }
  });

  it.each(["phone", "desktop"] as const)(
    "axe-core finds nothing serious on a %s, in light and dark",
    async (size) => {
      const dora = await WebUser.visit(browser, deployment.app.url, {
        viewport: SIZES[size],
        hasTouch: size === "phone",
      });
      const link = await dora.link();
      expect(await seriousViolations(dora)).toEqual([]);
      await dora.signIn("dora");
      await dora.open("");
      await dora.send("Hello");
      await dora.sees("Hello");
      await dora.sees(`Hello from ${names[0]}`);
      expect(await seriousViolations(dora)).toEqual([]);
      await dora.open("erin");
      await dora.send("x".repeat(9_000));
      await dora.page.getByRole("button", { name: "Edit" }).waitFor();
      link.cut();
      await dora.send("Waits");
      await dora.status.filter({ hasText: "1 message waits" }).waitFor();
      expect(await seriousViolations(dora)).toEqual([]);
      if (size === "phone") {
        await dora.page.evaluate("location.hash = '#/'");
        await dora.entry("erin").waitFor();
        expect(await seriousViolations(dora)).toEqual([]);
      }
      await dora.close();
    },
  );

  it("can be used by keyboard alone, from signing in to answering", async () => {
    const finn = await WebUser.visit(browser, deployment.app.url, { viewport: SIZES.desktop });
    const keys = finn.page.keyboard;
    await keys.type("finn");
    await keys.press("Enter");
    await finn.untilConnected();
    await keys.type("By keyboard");
    await keys.press("Enter");
    await finn.sees("By keyboard");
    const reach = async (name: string) => {
      for (let presses = 0; presses < 30; presses += 1) {
        await keys.press("Tab");
        if ((await finn.page.evaluate("document.activeElement?.placeholder")) === name) return;
      }
      throw new Error(`${name} cannot be reached by Tab`);
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
    await finn.close();
  });

  it("announces live messages of the open conversation to screen readers, and no older ones", async () => {
    const [hugo, ida] = [
      await WebUser.visit(browser, deployment.app.url).then((one) => one.signIn("hugo")),
      await WebUser.visit(browser, deployment.app.url).then((one) => one.signIn("ida")),
    ];
    await hugo.open("ida");
    const announced = hugo.page.locator("[aria-live=polite]");
    await ida.open("hugo");
    await ida.send("Can you hear me?");
    await expect.poll(() => announced.textContent(), WAIT).toBe("ida: Can you hear me?");
    await hugo.page.reload();
    await hugo.sees("Can you hear me?");
    expect(await announced.textContent()).toBe("");
    for (const one of [hugo, ida]) await one.close();
  });
});
