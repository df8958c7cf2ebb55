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

await describeInBrowser("the page over a long history", (browser) => {
  it("fetches one page at first and the others while scrolling up, without moving the text on the screen", async () => {
    const texts = Array.from({ length: 300 }, (_, n) => `said ${n}`);
    await Promise.all(texts.map((text) => bob.send("", text)));
    const requests: string[] = [];
    const alice = await WebUser.visit(browser, deployment.app.url);
    alice.page.on("request", (request) => {
      const { pathname, search } = new URL(request.url());
      if (/^\/(messages|sync|conversations)/.test(pathname)) requests.push(pathname + search);
    });
    await alice.signIn("alice");
    await alice.sees("said 299");
    await alice.page.waitForLoadState("networkidle");
    expect(requests.sort()).toEqual(["/conversations?limit=50", "/messages?limit=50"]);

    await alice.page.evaluate("document.querySelector('.scroller').scrollTop = 500");
    await expect.poll(() => requests.length, { timeout: 30_000 }).toBe(3);
    await alice.sees("said 220");
    const seen = alice.page.getByText("said 265", { exact: true });
    const { y } = (await seen.boundingBox()) ?? { y: Number.NaN };
    await bob.send("", "while alice reads");
    await alice.page.getByRole("button", { name: "Newest messages" }).waitFor();
    await expect
      .poll(async () => alice.entry("Public room").textContent(), { timeout: 30_000 })
      .toContain("while alice reads");
    // It isn't on the screen.
    await alice.entry("Public room").getByText("1 unread").waitFor();
    expect(Math.abs(((await seen.boundingBox())?.y ?? 0) - y)).toBeLessThan(2);

    expect((await alice.scrollToBeginning()).map(([, text]) => text).slice(0, 300)).toEqual(texts);
    await alice.page.getByRole("button", { name: "Newest messages" }).click();
    await alice.sees("while alice reads");
    await expect
      .poll(() => alice.texts().then((shown) => shown.at(-1)), { timeout: 30_000 })
      .toBe("while alice reads");
    await alice.entry("Public room").getByText("1 unread").waitFor({ state: "detached" });
    await alice.close();
  });
});
