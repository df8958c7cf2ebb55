import { afterAll, expect, it } from "vitest";
import { seriousViolations } from "../rig/accessibility.ts";
import { describeInBrowser } from "../rig/browser.ts";
import { startStandalone } from "../rig/shapes.ts";
import { WebUser } from "../rig/web-user.ts";

const WAIT = { timeout: 30_000 };

const deployment = await startStandalone();
afterAll(() => deployment.stop());

await describeInBrowser("editing and deleting messages", (browser) => {
  const visit = async (name: string) => (await WebUser.visit(browser, deployment.app.url)).signIn(name);
  const row = (user: WebUser, text: string) => user.page.locator(".row[data-id]").filter({ hasText: text });

  it("by the keyboard: arrow up edits the last own message, Escape ends, Enter saves, and the reader sees it", async () => {
    const [alice, bob] = [await visit("alice"), await visit("bob")];
    await alice.open("bob");
    await bob.open("alice");
    for (const text of ["older", "first"]) {
      await alice.send(text);
      await bob.sees(text);
    }
    await bob.send("an answer");
    await alice.sees("an answer");
    await alice.composer.focus();
    await alice.page.keyboard.press("ArrowUp");
    await alice.page.getByRole("form", { name: "Edit your message" }).waitFor();
    expect(await alice.composer.inputValue()).toBe("first");
    await alice.page.keyboard.press("Escape");
    await alice.page.getByLabel("Message to").waitFor();
    expect(await alice.composer.inputValue()).toBe("");
    await alice.composer.fill("a draft");
    await alice.page.keyboard.press("ArrowUp");
    expect(await alice.composer.inputValue()).toBe("a draft");
    await alice.composer.fill("");
    await alice.page.keyboard.press("ArrowUp");
    await alice.composer.fill("second");
    expect(await seriousViolations(alice)).toEqual([]);
    await alice.page.keyboard.press("Enter");
    await alice.page.getByLabel("Message to").waitFor();
    for (const user of [alice, bob]) {
      await user.sees("second");
      expect(await user.texts()).toEqual(["older", "second", "an answer"]);
      expect(await row(user, "second").locator(".state").textContent()).toBe("Edited");
    }
    for (const user of [alice, bob]) await user.close();
  });

  it("by the keyboard: Delete asks, Escape answers no, and Enter on the answer deletes for everybody", async () => {
    const [carol, dave] = [await visit("carol"), await visit("dave")];
    await carol.open("dave");
    await dave.open("carol");
    await carol.send("a secret");
    await dave.sees("a secret");
    const buttons = row(carol, "a secret").getByRole("group", { name: "Your message" });
    const question = carol.page.getByRole("group", { name: "Delete this message for everybody?" });
    expect(await row(dave, "a secret").getByRole("button").count()).toBe(0);
    await buttons.getByRole("button", { name: "Delete" }).focus();
    expect(await seriousViolations(carol)).toEqual([]);
    await carol.page.keyboard.press("Delete");
    await question.waitFor();
    await expect
      .poll(() => carol.page.evaluate("document.activeElement.textContent"), WAIT)
      .toBe("Yes, delete");
    expect(await seriousViolations(carol)).toEqual([]);
    await carol.page.keyboard.press("Escape");
    await question.waitFor({ state: "detached" });
    await expect.poll(() => carol.page.evaluate("document.activeElement.textContent"), WAIT).toBe("Delete");
    await carol.page.keyboard.press("Enter");
    await question.waitFor();
    await carol.page.keyboard.press("Enter");
    for (const user of [carol, dave]) {
      await user.sees("Message deleted");
      expect(await user.texts()).toEqual(["Message deleted"]);
    }
    expect(await carol.page.getByRole("button", { name: "Edit" }).count()).toBe(0);
    expect(await dave.entry("carol").locator(".preview").textContent()).toBe("Message deleted");
    for (const user of [carol, dave]) await user.close();
  });

  it("P75: what was edited and deleted while a page was away shows after it reconnects, and after a reload", async () => {
    const [erin, frank] = [await visit("erin"), await WebUser.visit(browser, deployment.app.url)];
    const link = await frank.link();
    await frank.page.reload();
    await frank.signIn("frank");
    await erin.open("frank");
    await frank.open("erin");
    for (const text of ["one", "two", "three"]) {
      await erin.send(text);
      await frank.sees(text);
    }
    const change = async (text: string, to: string) => {
      await row(erin, text).hover();
      await row(erin, text).getByRole("button", { name: "Edit" }).click();
      await erin.composer.fill(to);
      await erin.page.getByRole("button", { name: "Save" }).click();
      await erin.sees(to);
    };
    link.cut();
    await frank.status.filter({ hasText: "No connection" }).waitFor();
    await change("one", "one, edited");
    await row(erin, "two").hover();
    await row(erin, "two").getByRole("button", { name: "Delete" }).click();
    await erin.page.getByRole("button", { name: "Yes, delete" }).click();
    await erin.sees("Message deleted");
    link.restore();
    await frank.reconnect();
    const texts = ["one, edited", "Message deleted", "three"];
    await expect.poll(() => frank.texts(), WAIT).toEqual(texts);
    await frank.page.goto("about:blank");
    await change("three", "three, edited");
    await frank.page.goto(deployment.app.url);
    await frank.untilConnected();
    await expect
      .poll(() => frank.entry("erin").locator(".preview").textContent(), WAIT)
      .toBe("three, edited");
    await frank.open("erin");
    await frank.sees("three, edited");
    expect(await frank.texts()).toEqual([...texts.slice(0, 2), "three, edited"]);
    expect([...erin.errors, ...frank.errors]).toEqual([]);
    for (const user of [erin, frank]) await user.close();
  });

  it("P73: a change that the server refuses says why, and keeps the text", async () => {
    const grace = await visit("grace");
    await grace.open("heidi");
    await grace.send("hello");
    await grace.sees("hello");
    await grace.page.route(/\/message\//, (route) =>
      route.fulfill({
        status: 409,
        contentType: "application/problem+json",
        body: JSON.stringify({ code: "not_enabled", detail: "no" }),
      }),
    );
    await grace.composer.focus();
    await grace.page.keyboard.press("ArrowUp");
    await grace.composer.fill("hello again");
    await grace.page.keyboard.press("Enter");
    await grace.page
      .getByRole("alert")
      .filter({ hasText: "This server can't change messages yet." })
      .waitFor();
    expect(await grace.composer.inputValue()).toBe("hello again");
    await grace.close();
  });
});
