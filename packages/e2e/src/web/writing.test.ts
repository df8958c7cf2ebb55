import { afterAll, expect, it } from "vitest";
import { describeInBrowser } from "../rig/browser.ts";
import { startStandalone } from "../rig/shapes.ts";
import { WebUser } from "../rig/web-user.ts";

const WAIT = { timeout: 30_000 };

const deployment = await startStandalone();
afterAll(() => deployment.stop());

/** The events of an Enter that ends a composition. Safari ends the composition before the key event, others after. */
const COMPOSITION_ENDS = {
  Safari: ["compositionend", "keydown"],
  "other browsers": ["keydown", "compositionend"],
} as const;

await describeInBrowser("writing messages", (browser) => {
  it.each(Object.entries(COMPOSITION_ENDS))(
    "an Enter that ends a composition doesn't send, in %s",
    async (_name, events) => {
      const alice = await WebUser.visit(browser, deployment.app.url);
      await alice.signIn("alice");
      await alice.open("bob");
      await alice.composer.fill("にほん");
      // No test can start an input method, so its events are made here.
      await alice.page.evaluate(`{
      const field = document.querySelector("#composer");
      field.dispatchEvent(new CompositionEvent("compositionstart", { bubbles: true }));
      let isComposing = true;
      for (const type of ${JSON.stringify(events)}) {
        if (type === "compositionend") isComposing = false;
        const init = { key: "Enter", keyCode: 229, isComposing, bubbles: true, cancelable: true };
        const Class = type === "keydown" ? KeyboardEvent : CompositionEvent;
        field.dispatchEvent(new Class(type, init));
      }
    }`);
      expect(await alice.composer.inputValue()).toBe("にほん");
      await alice.composer.press("Enter");
      await expect.poll(() => alice.texts(), WAIT).toContain("にほん");
      expect(await alice.composer.inputValue()).toBe("");
      await alice.close();
    },
  );

  it("messages written during twelve minutes offline are sent in the order in which they were written", async () => {
    const carol = await WebUser.visit(browser, deployment.app.url);
    await carol.page.clock.install();
    await carol.page.reload();
    const link = await carol.link();
    await carol.signIn("carol");
    await carol.open("dave");
    link.cut();
    await carol.status.filter({ hasText: "No connection" }).waitFor();
    const texts = ["one", "two", "three", "four"];
    for (const text of texts) {
      await carol.send(text);
      await carol.page.clock.fastForward("03:00");
    }
    link.restore();
    await carol.reconnect();
    await carol.sees("four");
    await expect.poll(() => carol.page.locator(".pending").count(), WAIT).toBe(0);
    expect(await carol.texts()).toEqual(texts);
    await carol.close();
  });
});
