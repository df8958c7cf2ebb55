import { afterAll, expect, it } from "vitest";
import { seriousViolations } from "../rig/accessibility.ts";
import { describeInBrowser } from "../rig/browser.ts";
import { startStandalone } from "../rig/shapes.ts";
import { WebUser } from "../rig/web-user.ts";

const deployment = await startStandalone();
afterAll(() => deployment.stop());

await describeInBrowser("the page while the browser has no network", (browser) => {
  it("shows at once that there is no connection, and connects at once when the network is back", async () => {
    const alice = await WebUser.visit(browser, deployment.app.url);
    await alice.page.clock.install();
    await alice.page.reload();
    await alice.signIn("alice");
    // No timer fires from now on, neither the heartbeat's nor the one before the next attempt.
    await alice.page.clock.pauseAt(new Date(Date.now() + 60_000));
    await alice.context.setOffline(true);
    await alice.status.filter({ hasText: "No connection" }).waitFor();
    await alice.context.setOffline(false);
    await alice.untilConnected();
    expect(alice.errors).toEqual([]);
    await alice.close();
  });

  it.each([
    ["phone", { width: 320, height: 640 }],
    ["desktop", { width: 1280, height: 800 }],
  ] as const)("no notice about the connection moves the content, on a %s", async (size, viewport) => {
    const carol = await WebUser.visit(browser, deployment.app.url, { viewport, hasTouch: size === "phone" });
    const link = await carol.link();
    await carol.signInWith(await deployment.token("carol", { expiresInSeconds: 12 }));
    await carol.open("dave");
    const before = await positions(carol);
    link.cut();
    await carol.status.filter({ hasText: "No connection" }).waitFor();
    expect(await positions(carol)).toEqual(before);
    expect(await seriousViolations(carol)).toEqual([]);
    link.restore();
    // The SDK waits up to 15 s before it connects again, and up to 22.5 s more until a refusal is final.
    await carol.page.getByText("Your token has expired.").waitFor({ timeout: 60_000 });
    expect(await positions(carol)).toEqual(before);
    expect(await seriousViolations(carol)).toEqual([]);
    // The notice covers neither the message field nor its own button.
    await carol.composer.click({ trial: true });
    await carol.page.getByRole("button", { name: "Continue" }).click({ trial: true });
    await carol.close();
  });
});

/** Returns the places of the parts of the screen below the notices. */
async function positions({ page }: WebUser): Promise<unknown> {
  const parts = ["header", ".sidebar", ".pane header", ".scroller", "#composer"];
  return page.evaluate(
    `${JSON.stringify(parts)}.map((part) => JSON.stringify(document.querySelector(part).getBoundingClientRect()))`,
  );
}
