import { join } from "node:path";
import { until } from "@parley/async";
import { freePort } from "@parley/local";
import { startTcpProxy, type TcpProxy } from "@parley/testkit";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeInBrowser } from "../rig/browser.ts";
import { ChatClient } from "../rig/chat-client.ts";
import { startProcess } from "../rig/commands.ts";
import { EXAMPLES } from "../rig/examples.ts";
import { type Standalone, startStandalone } from "../rig/shapes.ts";

/** Tests the example page in a real browser. The page loads the SDK as one file and has no build step. */
await describeInBrowser("the example page", (browser) => {
  let deployment: Standalone;
  let proxy: TcpProxy;
  let origin: string;
  beforeAll(async () => {
    origin = `http://127.0.0.1:${await freePort()}`;
    deployment = await startStandalone();
    proxy = await startTcpProxy(Number(new URL(deployment.app.url).port));
  });
  afterAll(async () => {
    await proxy?.close();
    await deployment?.stop();
  });

  const lines = (page: Page) => page.locator("#messages li").allTextContents();
  const untilShown = (page: Page, text: string) =>
    until(async () => (await lines(page)).includes(text), `${text} on the page`);
  const untilConnected = (page: Page) =>
    until(async () => (await page.textContent("#state")) === "live", "the page to be live");

  async function connectPage(page: Page): Promise<void> {
    await page.fill("[name=url]", proxy.url(deployment.app.url).replace(/\/$/, ""));
    await page.fill("[name=token]", await deployment.token("alice"));
    await page.click("text=Connect");
    await untilConnected(page);
  }

  it("sends, shows messages, and shows everything once and in order after a cut and a reload", async () => {
    const served = startProcess(process.execPath, [join(EXAMPLES, "browser/serve.js")], {
      PORT: new URL(origin).port,
    });
    await served.printed(/^http:/);
    const page = await browser.newPage();
    const failures: string[] = [];
    page.on("pageerror", ({ message }) => failures.push(message));
    await page.goto(origin);
    await connectPage(page);
    const bob = await ChatClient.connect(deployment.gateways[0], await deployment.token("bob"));
    await page.fill("[name=to]", "bob");
    await page.fill("[name=content]", "<img src=x onerror=alert(1)>");
    await page.click("text=Send");
    await bob.message("<img src=x onerror=alert(1)>");
    await untilShown(page, "alice → bob: <img src=x onerror=alert(1)>");

    proxy.refuse(true);
    proxy.cut("rst");
    const away = Array.from({ length: 50 }, (_, n) => `away ${n}`);
    for (const content of away) await bob.send("alice", content);
    await page.fill("[name=content]", "typed in the dark");
    await page.click("text=Send");
    proxy.refuse(false);
    const { id } = await bob.message("typed in the dark");
    await untilShown(page, "alice → bob: typed in the dark");
    const edited = await fetch(`${deployment.historyUrl}/message/${id}`, {
      method: "PATCH",
      headers: {
        authorization: `Bearer ${await deployment.token("alice")}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({ content: "in the light", ref: "e" }),
    });
    expect(edited.status).toBe(200);
    await untilShown(page, "alice → bob: in the light (edited)");
    expect(await lines(page)).not.toContain("alice → bob: typed in the dark");
    const fromBob = away.map((content) => `bob → alice: ${content}`);
    expect((await lines(page)).filter((line) => line.startsWith("bob"))).toEqual(fromBob);

    await page.reload();
    for (const content of ["once", "more"]) await bob.send("alice", content);
    await connectPage(page);
    await untilShown(page, "bob → alice: more");
    expect(await lines(page)).toEqual(["bob → alice: once", "bob → alice: more"]);
    expect(failures).toEqual([]);
    bob.socket.terminate();
    await page.close();
  });
});
