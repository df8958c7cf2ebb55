import { afterAll, expect, it } from "vitest";
import { describeInBrowser } from "../rig/browser.ts";
import { startStandalone } from "../rig/shapes.ts";
import { WebUser } from "../rig/web-user.ts";

const deployment = await startStandalone();
afterAll(() => deployment.stop());

/** Makes each access to a storage fail, and what browsers block with it, as in a browser that blocks the data of sites. */
const BLOCK_STORAGE = `
const refuse = () => { throw new DOMException("blocked", "SecurityError"); };
window.BroadcastChannel = refuse;
navigator.locks.request = async () => refuse();
for (const name of ["localStorage", "sessionStorage", "indexedDB"]) {
  Object.defineProperty(window, name, { get: refuse });
}`;

/** Makes each write fail, as in a private window of an old Safari. */
const REFUSE_WRITES = `Storage.prototype.setItem = () => { throw new DOMException("full", "QuotaExceededError"); };`;

/** Fills the storage until it has no room for even one more character. */
const FILL_STORAGE = `for (let size = 1 << 22, n = 0; size > 0; ) {
  try { localStorage.setItem("filler:" + n++, "x".repeat(size)); } catch { size >>= 1; }
}`;

await describeInBrowser("the page in a browser that saves nothing", (browser) => {
  it.each([
    ["blocked", BLOCK_STORAGE],
    ["without room", REFUSE_WRITES],
  ])("works until it is closed if the storage is %s", async (what, script) => {
    const context = await browser.newContext();
    await context.addInitScript(script);
    const alice = await WebUser.visitIn(context, deployment.app.url);
    await alice.signIn("alice");
    await alice.open("bob");
    await alice.send(`Hello with a storage that is ${what}`);
    await alice.sees(`Hello with a storage that is ${what}`);
    await alice.composer.fill("a draft");
    await alice.open("");
    await alice.open("bob");
    expect(await alice.composer.inputValue()).toBe("a draft");
    await alice.page.getByRole("button", { name: "Sign out" }).click();
    await alice.page.getByLabel("Your name").waitFor();
    expect(alice.errors).toEqual([]);
    await alice.close();
  });

  it("says that a waiting message isn't saved, asks before it is closed, and sends the message", async () => {
    const carol = await WebUser.visit(browser, deployment.app.url);
    const link = await carol.link();
    await carol.signIn("carol");
    await carol.open("dave");
    await carol.page.evaluate(FILL_STORAGE);
    link.cut();
    await carol.send("x".repeat(4_000));
    await carol.page.getByText("This browser could not save this message").waitFor();
    const asked = carol.page.waitForEvent("dialog");
    await carol.page.close({ runBeforeUnload: true });
    const dialog = await asked;
    expect(dialog.type()).toBe("beforeunload");
    await dialog.dismiss();
    link.restore();
    await carol.sees("x".repeat(4_000));
    const left = carol.page.waitForEvent("close");
    await carol.page.close({ runBeforeUnload: true });
    await left;
    await carol.close();
  });
});
