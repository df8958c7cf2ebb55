import { afterAll, expect, it } from "vitest";
import { describeInBrowser } from "../rig/browser.ts";
import { startStandalone } from "../rig/shapes.ts";
import { WebUser } from "../rig/web-user.ts";

const WAIT = { timeout: 30_000 };

const deployment = await startStandalone();
afterAll(() => deployment.stop());

await describeInBrowser("writing messages", (browser) => {
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
    await carol.page.getByRole("button", { name: "Try now" }).click();
    await carol.sees("four");
    await expect.poll(() => carol.page.locator(".pending").count(), WAIT).toBe(0);
    expect(await carol.texts()).toEqual(texts);
    await carol.close();
  });
});
