import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import type * as Sdk from "@parley/client";
import type { State } from "@parley/client";
import type { Page } from "playwright-core";
import { expect, it, onTestFinished } from "vitest";
import { describeInBrowser } from "../rig/browser.ts";
import { type Standalone, startStandalone } from "../rig/shapes.ts";

const SDK = fileURLToPath(import.meta.resolve("../../../client/dist/parley.js"));

const HTML = `<script type="module">import * as sdk from "/parley.js"; globalThis.sdk = sdk;</script>`;
/** The global variable of the page. */
type Global = { readonly sdk: typeof Sdk };

/** Tests a page of another origin than the server's, as a developer's own page is. */
await describeInBrowser("a page of one's own origin", (browser) => {
  async function start(env: Record<string, string>): Promise<Standalone> {
    const deployment = await startStandalone({ env });
    onTestFinished(() => deployment.stop());
    return deployment;
  }

  /** Opens an empty page of an origin of its own, which can import the SDK. */
  async function openPage(): Promise<{ page: Page; origin: string }> {
    const sdk = await readFile(SDK);
    const server = createServer((req, res) => {
      const isSdk = req.url === "/parley.js";
      res.writeHead(200, { "content-type": isSdk ? "text/javascript" : "text/html" }).end(isSdk ? sdk : HTML);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const page = await browser.newPage();
    onTestFinished(async () => {
      await page.close();
      server.close();
    });
    await page.goto(origin);
    await page.waitForFunction("globalThis.sdk");
    return { page, origin };
  }

  /** Connects in the page. Resolves with the first state of this phase. */
  function connectIn(page: Page, options: { url: string; token: string; phase: State["phase"] }) {
    return page.evaluate(async ({ url, token, phase }) => {
      const { connect } = (globalThis as unknown as Global).sdk;
      const client = connect({ url, token: () => token, backoff: { baseMs: 50, maxMs: 500 } });
      return new Promise<{ code: string | undefined; message: string | undefined }>((resolve) => {
        client.state.subscribe((state) => {
          const error = "error" in state ? state.error : undefined;
          if (state.phase === phase) resolve({ code: error?.code, message: error?.message });
        });
      });
    }, options);
  }

  it("P3: start allows it on any port of this machine, for tokens too", async () => {
    const deployment = await start({});
    const { page } = await openPage();
    const token = await page.evaluate(async (url) => {
      const { requestToken } = (globalThis as unknown as Global).sdk;
      return requestToken(url, "alice");
    }, deployment.app.url);
    await connectIn(page, { url: deployment.gateways[0], token, phase: "live" });
  });

  it("P3: a server for others refuses it, the SDK says why, and the log says it once", async () => {
    const deployment = await start({ HOST: "0.0.0.0" });
    const { page, origin } = await openPage();
    const token = await deployment.token("alice");
    const url = deployment.gateways[0];
    const refusal = { code: "origin_not_allowed", message: expect.stringContaining(origin) };
    expect(await connectIn(page, { url, token, phase: "offline" })).toMatchObject(refusal);
    expect(await connectIn(page, { url, token, phase: "closed" })).toMatchObject(refusal);
    const request = page.evaluate(async (base) => {
      const { requestToken } = (globalThis as unknown as Global).sdk;
      return requestToken(base, "alice").catch((error: Sdk.ParleyError) => error.code);
    }, deployment.app.url);
    expect(await request).toBe("not_found");
    const warnings = deployment.app.output().match(/pages of this origin aren't allowed/g);
    expect(warnings).toHaveLength(1);
  });

  it("P3: ALLOWED_ORIGINS allows it beside the server's own pages", async () => {
    const { page, origin } = await openPage();
    const deployment = await start({ HOST: "0.0.0.0", ALLOWED_ORIGINS: origin });
    const url = deployment.gateways[0];
    await connectIn(page, { url, token: await deployment.token("alice"), phase: "live" });
    await page.goto(deployment.app.url);
    const opened = page.evaluate(
      async (token) => {
        const socket = new WebSocket("/ws", ["chat.v1", `bearer.${token}`]);
        return new Promise<string>((resolve) => {
          socket.onopen = () => resolve("open");
          socket.onerror = () => resolve("refused");
        });
      },
      await deployment.token("alice"),
    );
    expect(await opened).toBe("open");
  });

  it("P3: a wrong path ends the client with not_found, and another server's address is named", async () => {
    const deployment = await start({});
    const { page, origin } = await openPage();
    const token = await deployment.token("alice");
    const wrongPath = deployment.gateways[0].replace("/ws", "/wrong");
    expect(await connectIn(page, { url: wrongPath, token, phase: "closed" })).toMatchObject({
      code: "not_found",
    });
    const wrongServer = `${origin.replace("http", "ws")}/ws`;
    expect(await connectIn(page, { url: wrongServer, token, phase: "offline" })).toMatchObject({
      code: "unreachable",
      message: expect.stringContaining("answers, but not as a Parley gateway"),
    });
  });
});
