import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { inBackground, until } from "@parley/async";
import type { Message } from "@parley/models";
import { startTcpProxy } from "@parley/testkit";
import { afterAll, expect, it } from "vitest";
import { RawReader } from "../rig/raw-reader.ts";
import { observe } from "../rig/sdk-observer.ts";
import { describeSplit } from "../rig/shapes.ts";

const OPTIONS = { env: { RATE_LIMIT: "0" } };

await describeSplit("a reader in under 100 lines, without the SDK", OPTIONS, (deployment) => {
  afterAll(() => deployment.stop());

  it("G3: shows everything once and in order over cut connections, and continues later from its cursor", async () => {
    const proxy = await startTcpProxy(Number(new URL(deployment.gateways[0]).port));
    const token = () => deployment.token("bob");
    const { historyUrl } = deployment;
    const shown: Message[] = [];
    const reader = new RawReader((message) => shown.push(message));
    const reading = inBackground(reader.run({ url: proxy.url(deployment.gateways[0]), historyUrl, token }));
    const { client } = await observe(deployment, "alice", { url: deployment.gateways[1] });
    const sent: string[] = [];
    const sendMore = async (count: number) => {
      for (let n = 0; n < count; n += 1)
        sent.push((await client.send(n % 2 ? "" : "bob", `${sent.length}`)).id);
    };
    const idsOf = (messages: readonly { id: string }[]) => messages.map(({ id }) => id);
    for (let round = 1; round <= 4; round += 1) {
      await until(() => reader.connections >= round, "a connection");
      await sendMore(50);
      const sending = inBackground(sendMore(100));
      expect(proxy.cut("rst")).toBeGreaterThan(0);
      await sending;
    }
    await until(() => shown.length >= sent.length, "all of them");
    expect(idsOf(shown)).toEqual(sent);
    const { cursor } = reader;
    reader.stop();
    await reading;

    await sendMore(50);
    const shownLater: Message[] = [];
    const later = new RawReader((message) => shownLater.push(message), cursor);
    const readingOn = inBackground(later.run({ url: deployment.gateways[0], historyUrl, token }));
    await until(() => later.connections > 0, "a connection");
    await sendMore(50);
    await until(() => shownLater.length >= 100, "the rest");
    expect(idsOf(shownLater)).toEqual(sent.slice(-100));
    later.stop();
    await readingOn;
    client.close();
    await proxy.close();
  });

  it("has less than 100 lines", async () => {
    const text = await readFile(join(import.meta.dirname, "../rig/raw-reader.ts"), "utf8");
    expect(text.trimEnd().split("\n").length).toBeLessThan(100);
  });
});
