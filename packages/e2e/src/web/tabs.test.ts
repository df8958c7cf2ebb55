import type { Message } from "@parley/client";
import type { BrowserContext } from "playwright-core";
import { afterAll, expect, it } from "vitest";
import { describeInBrowser } from "../rig/browser.ts";
import { ChatClient } from "../rig/chat-client.ts";
import { startStandalone } from "../rig/shapes.ts";
import { WebUser } from "../rig/web-user.ts";

const WAIT = { timeout: 30_000 };

const deployment = await startStandalone();
afterAll(() => deployment.stop());

/** Opens a tab, and records the texts of the messages that it sends to the server. */
async function openTab(context: BrowserContext): Promise<{ tab: WebUser; sent: string[] }> {
  const tab = await WebUser.visitIn(context, deployment.app.url);
  const sent: string[] = [];
  tab.page.on("websocket", (socket) =>
    socket.on("framesent", ({ payload }) => {
      const { content } = JSON.parse(String(payload));
      if (content !== undefined) sent.push(content);
    }),
  );
  return { tab, sent };
}

async function storedTexts(one: string, other: string): Promise<string[]> {
  const messages = await deployment.read<Message[]>(one, `/messages/${other}`);
  return messages.map(({ content }) => content);
}

await describeInBrowser("two tabs of one user", (browser) => {
  it("G2: a message that waits in one tab is shown in both, and sent by its own tab only", async () => {
    const context = await browser.newContext();
    const [one, other] = [await openTab(context), await openTab(context)];
    const link = await one.tab.link();
    await one.tab.signIn("alice");
    await one.tab.open("bob");
    link.cut();
    await one.tab.send("written offline");
    await one.tab.page.getByText("Waiting…", { exact: true }).waitFor();

    await other.tab.signIn("alice");
    await other.tab.open("bob");
    await other.tab.page.getByText("Waiting in another tab…").waitFor();
    await other.tab.send("written online");
    await other.tab.sees("written online");
    expect(other.sent).toEqual(["written online"]);

    link.restore();
    await one.tab.reconnect();
    for (const { tab } of [one, other]) {
      await tab.sees("written offline");
      await expect.poll(() => tab.texts(), WAIT).toEqual(["written online", "written offline"]);
      expect(tab.errors).toEqual([]);
    }
    expect(other.sent).toEqual(["written online"]);
    expect(await storedTexts("alice", "bob")).toEqual(["written online", "written offline"]);
    await context.close();
  });

  it("a tab that ends leaves its waiting messages to one of the others, in order", async () => {
    const context = await browser.newContext();
    const tabs = [await openTab(context), await openTab(context), await openTab(context)];
    const [ending, ...others] = tabs;
    if (!ending) return;
    const link = await ending.tab.link();
    for (const { tab } of tabs) {
      await tab.signIn("carol");
      await tab.open("dave");
    }
    link.cut();
    const texts = ["first", "second", "third"];
    for (const text of texts) await ending.tab.send(text);
    for (const { tab } of others) await tab.page.getByText("Waiting in another tab…").nth(2).waitFor();
    await ending.tab.page.close();
    for (const { tab } of others) {
      await tab.sees("third");
      await expect.poll(() => tab.texts(), WAIT).toEqual(texts);
    }
    expect(others.flatMap(({ sent }) => sent)).toEqual(texts);
    expect(await storedTexts("carol", "dave")).toEqual(texts);
    await context.close();
  });

  it("G2: without locks, as without TLS, a new tab sends the waiting messages as well, and each exists once", async () => {
    const context = await browser.newContext();
    await context.addInitScript(`Object.defineProperty(navigator, "locks", { value: undefined });`);
    const [one, other] = [await openTab(context), await openTab(context)];
    const link = await one.tab.link();
    await one.tab.signIn("ivan");
    await one.tab.open("judy");
    link.cut();
    await one.tab.send("written offline");
    await one.tab.page.getByText("Waiting…", { exact: true }).waitFor();
    await other.tab.signIn("ivan");
    await other.tab.open("judy");
    for (const { tab } of [other, one]) {
      await tab.sees("written offline");
      await expect.poll(() => tab.page.locator(".pending").count(), WAIT).toBe(0);
    }
    link.restore();
    await one.tab.reconnect();
    await one.tab.untilConnected();
    await one.tab.send("written online");
    await other.tab.sees("written online");
    for (const { tab } of [one, other])
      expect(await tab.texts()).toEqual(["written offline", "written online"]);
    expect(await storedTexts("ivan", "judy")).toEqual(["written offline", "written online"]);
    expect([...other.sent, ...one.sent]).toEqual(["written offline", "written online"]);
    await context.close();
  });

  it("a conversation that is read in one tab is read in the others, also in one that is offline", async () => {
    const context = await browser.newContext();
    const [one, other] = [(await openTab(context)).tab, (await openTab(context)).tab];
    const link = await other.link();
    for (const tab of [one, other]) await tab.signIn("erin");
    const frank = await ChatClient.connect(deployment.gateways[0], await deployment.token("frank"));
    await frank.send("erin", "seen by both");
    for (const tab of [one, other]) await expect.poll(() => tab.page.title(), WAIT).toBe("(1) Parley");
    link.cut();
    await frank.send("erin", "seen by one");
    await one.entry("frank").getByText("2 unread").waitFor();
    await one.entry("frank").click();
    await one.sees("seen by one");
    await expect.poll(() => other.page.title(), WAIT).toBe("Parley");
    link.restore();
    await other.reconnect();
    await other.entry("frank").getByText("seen by one").waitFor();
    expect(await other.page.title()).toBe("Parley");
    await frank.send("erin", "new for both");
    await expect.poll(() => other.entry("frank").textContent(), WAIT).toContain("new for both");
    await expect.poll(() => other.page.title(), WAIT).toBe("Parley");
    await frank.close();
    await context.close();
  });

  it("signing out ends the sessions of all tabs, and leaves nothing in the browser", async () => {
    const context = await browser.newContext();
    await context.clock.install();
    const [one, other] = [(await openTab(context)).tab, (await openTab(context)).tab];
    for (const tab of [one, other]) {
      await tab.signIn("gina");
      await tab.open("hal");
    }
    await one.send("Hello, Hal");
    await one.sees("Hello, Hal");
    await one.composer.fill("a dra");
    await other.composer.fill("another dra");
    await one.page.getByRole("button", { name: "Sign out" }).click();
    for (const tab of [one, other]) await tab.page.getByLabel("Your name").waitFor();
    // Longer than changes wait to be saved.
    await context.clock.runFor(5_000);
    for (const tab of [one, other]) {
      expect(
        await tab.page.evaluate("[...Object.keys(localStorage), ...Object.keys(sessionStorage)]"),
      ).toEqual([]);
      await tab.page.reload();
      await tab.page.getByLabel("Your name").waitFor();
      expect(await tab.page.evaluate("Object.keys(localStorage)")).toEqual([]);
      expect(tab.errors).toEqual([]);
    }
    await context.close();
  });
});
