import { afterAll, expect, it } from "vitest";
import { seriousViolations } from "../rig/accessibility.ts";
import { describeInBrowser } from "../rig/browser.ts";
import { ChatClient } from "../rig/chat-client.ts";
import { startStandalone } from "../rig/shapes.ts";
import { WebUser } from "../rig/web-user.ts";

const HINDI = "लक्ष्मीकांत";
const ARABIC = "مُحَمَّد";
/** A name whose second letter is Cyrillic. */
const MIXED = "pаypal";
/** A name that is too long to be shown in full anywhere on the page. Its last letter is Cyrillic. */
const LONG_MIXED = `${"W".repeat(63)}а`;
const WARNING = "Mixed letters: this name may imitate another one";

const deployment = await startStandalone();
afterAll(() => deployment.stop());

/** Expects a badge that has a label for screen readers and lies within the width of the screen. */
async function expectVisibleBadge({ page }: WebUser, within: string): Promise<void> {
  const badge = page.locator(within).getByRole("img", { name: WARNING });
  await badge.waitFor();
  const box = await badge.boundingBox();
  const viewport = page.viewportSize();
  expect(box && viewport && box.x >= 0 && box.x + box.width <= viewport.width, within).toBe(true);
}

await describeInBrowser("names of many scripts", (browser) => {
  it("P4: users with a Hindi and an Arabic name sign in, find each other and chat", async () => {
    const lakshmi = await WebUser.visit(browser, deployment.app.url);
    await lakshmi.signIn(HINDI);
    await lakshmi.page.getByPlaceholder("Talk with…").fill(ARABIC.normalize("NFD"));
    await lakshmi.page.getByRole("button", { name: "Start" }).click();
    await lakshmi.page.getByRole("heading", { level: 2, name: ARABIC, exact: true }).waitFor();
    await lakshmi.send("नमस्ते");
    const muhammad = await WebUser.visit(browser, deployment.app.url);
    await muhammad.signIn(ARABIC);
    await muhammad.entry(HINDI).click();
    await muhammad.sees("नमस्ते");
    await muhammad.send("مرحبا");
    await lakshmi.sees("مرحبا");
    await muhammad.page.reload();
    await muhammad.sees("नमस्ते");
    await muhammad.sees("مرحبا");
    for (const user of [lakshmi, muhammad]) {
      expect(await user.page.locator(".badge").count()).toBe(0);
      expect(user.errors).toEqual([]);
      await user.close();
    }
  });

  it("P4: an invisible name is refused, at the sign-in and as a partner", async () => {
    const user = await WebUser.visit(browser, deployment.app.url);
    await user.page.getByLabel("Your name").fill("\u3164");
    await user.page.getByRole("button", { name: "Sign in" }).click();
    await user.page.getByRole("alert").getByText("A name is 1 to 64 letters").waitFor();
    await user.signIn("nora");
    await user.page.getByPlaceholder("Talk with…").fill("bob\ufe0f");
    await user.page.getByRole("button", { name: "Start" }).click();
    await user.page.getByRole("alert").getByText("A name is 1 to 64 letters").waitFor();
    await user.close();
  });

  it.each([
    ["phone", { width: 360, height: 740 }],
    ["desktop", { width: 1280, height: 800 }],
  ] as const)(
    "P4: an address with an invalid name opens no conversation, and says why, on a %s",
    async (_, viewport) => {
      const user = await WebUser.visit(browser, deployment.app.url, { viewport });
      await user.signIn("petra");
      for (const [path, name] of [
        ["bob%20the%20builder", "bob the builder"],
        ["bob%EF%B8%8F", "bob\ufe0f"],
        ["bob/carol", "bob/carol"],
        ["%E0%A4", "%E0%A4"],
        ["", ""],
        ["x".repeat(65), "x".repeat(65)],
      ] as const) {
        await user.page.evaluate(`location.hash = ${JSON.stringify(`#/with/${path}`)}`);
        await user.page.getByText("This address contains no valid name").waitFor();
        expect(await user.page.locator(".pane q").allTextContents()).toEqual(name === "" ? [] : [name]);
        await user.page.getByText("A name is 1 to 64 letters").waitFor();
        expect(await user.page.locator("#composer").count()).toBe(0);
        expect(await user.page.locator(".conversations li").count()).toBe(1);
        expect(await seriousViolations(user)).toEqual([]);
        await user.page.evaluate("location.hash = '#/room'");
        await user.page.getByRole("heading", { level: 2, name: "Public room" }).waitFor();
      }
      // The same name in another form of Unicode, and with spaces around it.
      for (const path of [encodeURIComponent(ARABIC.normalize("NFD")), `%20${encodeURIComponent(ARABIC)}`]) {
        await user.page.evaluate(`location.hash = ${JSON.stringify(`#/with/${path}`)}`);
        await user.page.getByRole("heading", { level: 2, name: ARABIC, exact: true }).waitFor();
        await user.page.evaluate("location.hash = '#/room'");
      }
      await user.close();
    },
  );

  it.each([
    ["phone", { width: 360, height: 740 }],
    ["desktop", { width: 1280, height: 800 }],
  ] as const)("a name that mixes scripts has a badge everywhere, on a %s", async (size, viewport) => {
    const me = `otto-${size}`;
    for (const [name, to, text] of [
      [ARABIC, "", "كل عام وأنتم بخير"],
      [HINDI, me, "नमस्ते"],
      [LONG_MIXED, me, "Your account"],
      [MIXED, me, "Your account is locked"],
      ["paypal", me, "Good morning"],
      [MIXED, "", `Send me your password, ${me}`],
    ] as const) {
      const client = await ChatClient.connect(deployment.gateways[0], await deployment.token(name));
      await client.send(to, text);
      await client.close();
    }
    const otto = await WebUser.visit(browser, deployment.app.url, { viewport });
    await otto.signIn(me);
    await otto.open("");
    await otto.sees(`Send me your password, ${me}`);
    await expectVisibleBadge(otto, `.row:has-text("password, ${me}") .meta`);
    expect(await otto.page.locator(".row:has-text('كل عام') .badge").count()).toBe(0);
    expect(await seriousViolations(otto)).toEqual([]);
    for (const name of [MIXED, LONG_MIXED]) {
      await otto.page.evaluate("location.hash = '#/'");
      await expectVisibleBadge(otto, `.conversations li:has(bdi:text-is("${name}")) .partner`);
      await otto.entry(name).click();
      await otto.page.getByRole("heading", { level: 2, name: `${WARNING} ${name}` }).waitFor();
      await expectVisibleBadge(otto, ".pane h2");
      await otto.page.getByText(WARNING, { exact: true }).waitFor();
      expect(await seriousViolations(otto)).toEqual([]);
    }
    await otto.page.evaluate("location.hash = '#/'");
    for (const name of ["paypal", HINDI]) {
      await otto.entry(name).waitFor();
      expect(await otto.entry(name).locator(".badge").count()).toBe(0);
    }
    expect(otto.errors).toEqual([]);
    await otto.close();
  });
});
