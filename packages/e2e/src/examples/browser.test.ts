import { join } from "node:path";
import { until } from "@parley/async";
import { freePort } from "@parley/local";
import { startTcpProxy, type TcpProxy } from "@parley/testkit";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeInBrowser } from "../rig/browser.ts";
import { Chatter } from "../rig/chat-client.ts";
import { startProcess } from "../rig/commands.ts";
import { EXAMPLES } from "../rig/examples.ts";
import { type Standalone, startStandalone } from "../rig/shapes.ts";

/** The page without a build step, and with it the SDK's one file, in a real browser. */
await describeInBrowser("the example page", (browser) => {
  let house: Standalone;
  let proxy: TcpProxy;
  let origin: string;
  beforeAll(async () => {
    origin = `http://127.0.0.1:${await freePort()}`;
    house = await startStandalone({ env: { ALLOWED_ORIGINS: origin } });
    proxy = await startTcpProxy(Number(new URL(house.app.url).port));
  });
  afterAll(async () => {
    await proxy?.close();
    await house?.stop();
  });

  const lines = (page: Page) => page.locator("#messages li").allTextContents();
  const shows = (page: Page, text: string) =>
    until(async () => (await lines(page)).includes(text) || undefined, `${text} on the page`);
  const connected = (page: Page) =>
    until(async () => (await page.textContent("#state")) === "live" || undefined, "the page to be live");

  async function enter(page: Page): Promise<void> {
    await page.fill("[name=url]", proxy.url(house.app.url).replace(/\/$/, ""));
    await page.fill("[name=token]", await house.token("alice"));
    await page.click("text=Connect");
    await connected(page);
  }

  it("sends, shows what comes, and after a cut and a reload everything once and in order", async () => {
    const served = startProcess(process.execPath, [join(EXAMPLES, "browser/serve.js")], {
      PORT: new URL(origin).port,
    });
    await served.says(/^http:/);
    const page = await browser.newPage();
    const failures: string[] = [];
    page.on("pageerror", ({ message }) => failures.push(message));
    await page.goto(origin);
    await enter(page);
    const bob = await Chatter.connect(house.gateways[0], await house.token("bob"));
    await page.fill("[name=to]", "bob");
    await page.fill("[name=content]", "<img src=x onerror=alert(1)>");
    await page.click("text=Send");
    await bob.message("<img src=x onerror=alert(1)>");
    await shows(page, "alice → bob: <img src=x onerror=alert(1)>");

    proxy.refuse(true);
    proxy.cut("rst");
    const away = Array.from({ length: 50 }, (_, n) => `away ${n}`);
    for (const content of away) await bob.send("alice", content);
    await page.fill("[name=content]", "typed in the dark");
    await page.click("text=Send");
    proxy.refuse(false);
    await bob.message("typed in the dark");
    await shows(page, "alice → bob: typed in the dark");
    const fromBob = away.map((content) => `bob → alice: ${content}`);
    expect((await lines(page)).filter((line) => line.startsWith("bob"))).toEqual(fromBob);

    await page.reload();
    for (const content of ["once", "more"]) await bob.send("alice", content);
    await enter(page);
    await shows(page, "bob → alice: more");
    expect(await lines(page)).toEqual(["bob → alice: once", "bob → alice: more"]);
    expect(failures).toEqual([]);
    bob.socket.terminate();
    await page.close();
  });
});
