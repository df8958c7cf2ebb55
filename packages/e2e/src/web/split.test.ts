import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type App, createFront, readiness } from "@parley/local";
import { afterAll, describe, expect, it } from "vitest";
import { openBrowser } from "../rig/browser.ts";
import { describeSplit } from "../rig/shapes.ts";
import { Person } from "../rig/web-person.ts";

const OPTIONS = { env: { AUTH_DEV_TOKENS: "true", DRAIN_MS: "1000" } };
const upstream = ({ url, adminUrl }: App) => ({ url, isReady: readiness(adminUrl) });

const browser = await openBrowser();
afterAll(() => browser?.close());

await describeSplit("the page in a split house", OPTIONS, (house) => {
  const { gatewayApps, historyApi } = house;
  const front = createFront({ gateway: gatewayApps.map(upstream), "history-api": [upstream(historyApi)] });
  afterAll(async () => {
    front.closeAllConnections();
    front.close();
    await house.stop();
  });

  describe.skipIf(!browser)("behind the front", () => {
    it("F3: each gateway is killed in turn, the other one takes over, and two go on chatting", async () => {
      if (!browser) return;
      await once(front.listen(0, "127.0.0.1"), "listening");
      const url = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
      const people = [
        await Person.arrive(browser, url).then((one) => one.signIn("alice")),
        await Person.arrive(browser, url).then((one) => one.signIn("bob")),
      ] as const;
      const sockets = people.map(({ page }) => {
        const count = { opened: 1 };
        page.on("websocket", () => count.opened++);
        return count;
      });
      const [alice, bob] = people;
      await alice.open("bob");
      await bob.open("alice");
      const said: string[] = [];
      const talk = async (when: string) => {
        for (const [one, name] of [
          [alice, "alice"],
          [bob, "bob"],
        ] as const) {
          const text = `${name} ${when}`;
          said.push(text);
          await one.say(text);
          for (const other of people) await other.sees(text);
        }
      };
      await talk("at first");
      for (const [index, app] of gatewayApps.entries()) {
        await app.kill("SIGKILL");
        await talk(`without gateway ${index}`);
        await app.restart();
      }
      for (const one of people) {
        expect(await one.texts()).toEqual(said);
        expect(one.mishaps).toEqual([]);
        await one.leave();
      }
      // Each was on a gateway that was killed.
      for (const { opened } of sockets) expect(opened).toBeGreaterThan(1);
    });
  });
});
