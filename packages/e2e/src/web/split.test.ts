import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type App, createFront, readiness } from "@parley/local";
import { createFrontSecret } from "@parley/service";
import { afterAll, describe, expect, it } from "vitest";
import { closePages, openBrowser } from "../rig/browser.ts";
import { describeSplit } from "../rig/shapes.ts";
import { WebUser } from "../rig/web-user.ts";

const secret = createFrontSecret();
const OPTIONS = { env: { AUTH_DEV_TOKENS: "true", FRONT_SECRET: secret, DRAIN_MS: "1000" } };
const upstream = ({ url, adminUrl }: App) => ({ url, isReady: readiness(adminUrl) });

const browser = await openBrowser();
afterAll(() => browser && closePages(browser));

await describeSplit("the page in a split deployment", OPTIONS, (deployment) => {
  const { gatewayApps, historyApi } = deployment;
  const front = createFront(
    { gateway: gatewayApps.map(upstream), "history-api": [upstream(historyApi)] },
    { secret },
  );
  afterAll(async () => {
    front.closeAllConnections();
    front.close();
    await deployment.stop();
  });

  describe.skipIf(!browser)("behind the front", () => {
    it("F3: each gateway is killed in turn, and two users go on chatting through the other one", async () => {
      if (!browser) return;
      await once(front.listen(0, "127.0.0.1"), "listening");
      const url = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
      const users = [
        await WebUser.visit(browser, url).then((one) => one.signIn("alice")),
        await WebUser.visit(browser, url).then((one) => one.signIn("bob")),
      ] as const;
      const sockets = users.map(({ page }) => {
        const count = { opened: 1 };
        page.on("websocket", () => count.opened++);
        return count;
      });
      const [alice, bob] = users;
      await alice.open("bob");
      await bob.open("alice");
      const sent: string[] = [];
      const exchange = async (when: string) => {
        for (const [one, name] of [
          [alice, "alice"],
          [bob, "bob"],
        ] as const) {
          const text = `${name} ${when}`;
          sent.push(text);
          await one.send(text);
          for (const other of users) await other.sees(text);
        }
      };
      await exchange("at first");
      for (const [index, app] of gatewayApps.entries()) {
        await app.kill("SIGKILL");
        await exchange(`without gateway ${index}`);
        await app.restart();
      }
      for (const one of users) {
        expect(await one.texts()).toEqual(sent);
        expect(one.errors).toEqual([]);
        await one.close();
      }
      // Each page was connected to a gateway that was killed, so it opened another connection.
      for (const { opened } of sockets) expect(opened).toBeGreaterThan(1);
    });
  });
});
