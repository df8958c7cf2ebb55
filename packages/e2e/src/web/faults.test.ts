import type { Message } from "@parley/client";
import { startTcpProxy } from "@parley/testkit";
import { afterAll, expect, it } from "vitest";
import { describeInBrowser } from "../rig/browser.ts";
import { ChatClient } from "../rig/chat-client.ts";
import { startStandalone } from "../rig/shapes.ts";
import { WebUser } from "../rig/web-user.ts";

const WAIT = { timeout: 60_000 };

const deployment = await startStandalone({ env: { RATE_LIMIT: "0" } });
const clients: ChatClient[] = [];
afterAll(async () => {
  for (const client of clients) await client.close();
  await deployment.stop();
});

/** Connects a client that doesn't use a browser. The client is closed after the tests. */
async function connectClient(name: string): Promise<ChatClient> {
  const client = await ChatClient.connect(deployment.gateways[0], await deployment.token(name));
  clients.push(client);
  return client;
}

async function sendMany(from: ChatClient, to: string, count: number, prefix: string): Promise<string[]> {
  const texts = Array.from({ length: count }, (_, n) => `${prefix} ${n}`);
  await Promise.all(texts.map((text) => from.send(to, text)));
  return texts;
}

/** Reads a conversation from history. Resolves with the id and text of each message. */
async function storedTexts(one: string, other: string): Promise<[id: string, text: string][]> {
  const messages = await deployment.read<Message[]>(one, `/messages/${other}`);
  return messages.map(({ id, content }) => [id, content]);
}

await describeInBrowser("the page over faults", (browser) => {
  it("G3, G2: after ten seconds offline the 200 missed messages and the typed ones are there once, in order", async () => {
    const proxy = await startTcpProxy(Number(new URL(deployment.app.url).port));
    const alice = await WebUser.visit(browser, proxy.url(deployment.app.url)).then((one) =>
      one.signIn("alice"),
    );
    const bob = await connectClient("bob");
    await alice.open("bob");
    await bob.send("alice", "before");
    await alice.sees("before");
    // The connection is cut, and the browser knows that it is offline.
    await alice.context.setOffline(true);
    proxy.refuse(true);
    proxy.cut("rst");
    const tenSeconds = new Promise((resolve) => setTimeout(resolve, 10_000));
    await alice.status.filter({ hasText: "No connection" }).waitFor();
    const missed = await sendMany(bob, "alice", 200, "missed");
    for (const text of ["typed one", "typed two"]) await alice.send(text);
    await alice.page.getByText("Waiting…").nth(1).waitFor();
    await alice.status.filter({ hasText: "2 messages wait" }).waitFor();
    await tenSeconds;
    proxy.refuse(false);
    await alice.context.setOffline(false);
    await alice.sees("typed two");
    await alice.untilConnected();
    const all = await alice.scrollToBeginning();
    expect(all.map(([, text]) => text)).toEqual(["before", ...missed, "typed one", "typed two"]);
    expect(all).toEqual(await storedTexts("bob", "alice"));
    expect(alice.errors).toEqual([]);
    await alice.close();
    await proxy.close();
  });

  it("G3, P71: a reload while catching up continues at the same place, and counts nothing twice", async () => {
    const carol = await WebUser.visit(browser, deployment.app.url).then((one) => one.signIn("carol"));
    // More messages than a page of the stream has, and of each sender fewer than are counted.
    const senders = await Promise.all(
      ["dave", "dina", "dirk", "dora", "dolf", "dani", "dean"].map(connectClient),
    );
    const [dave] = senders;
    await dave?.send("carol", "first");
    await expect.poll(() => carol.page.title(), WAIT).toBe("(1) Parley");
    await carol.page.goto("about:blank");
    const missed = await Promise.all(senders.map((one) => sendMany(one, "carol", 80, "missed")));
    let answers = 0;
    await carol.page.route("**/sync?*", (route) => (answers++ < 1 ? route.continue() : undefined));
    await carol.page.goto(deployment.app.url);
    await carol.status.filter({ hasText: "Catching up: 500 messages so far" }).waitFor();
    await expect.poll(() => carol.page.title(), WAIT).toBe("(561) Parley");
    await carol.page.unroute("**/sync?*");
    await carol.page.reload();
    await carol.untilConnected();
    await expect.poll(() => carol.page.title(), WAIT).toBe("(561) Parley");
    await carol.open("dave");
    expect((await carol.scrollToBeginning()).map(([, text]) => text)).toEqual([
      "first",
      ...(missed[0] ?? []),
    ]);
    await expect.poll(() => carol.page.title(), WAIT).toBe("(480) Parley");
    await carol.close();
  });

  it("a reload keeps a half-typed message, and pending messages are sent afterwards", async () => {
    const erin = await WebUser.visit(browser, deployment.app.url);
    const link = await erin.link();
    await erin.signIn("erin");
    link.cut();
    await erin.page.reload();
    await erin.open("frank");
    await erin.send("not sent yet");
    await erin.composer.fill("half a wor");
    await erin.page.getByText("Waiting…").waitFor();
    link.restore();
    await erin.page.reload();
    await erin.sees("not sent yet");
    expect(await erin.composer.inputValue()).toBe("half a wor");
    await erin.close();
  });

  it("G2: after a lost answer and a reload the page sends again with the same ref, and it is one message", async () => {
    const gina = await WebUser.visit(browser, deployment.app.url);
    const refs: string[] = [];
    let losesAcks = true;
    await gina.page.routeWebSocket(/\/ws$/, (socket) => {
      const server = socket.connectToServer();
      socket.onMessage((frame) => {
        const { ref } = JSON.parse(String(frame));
        if (ref) refs.push(ref);
        server.send(frame);
      });
      // Neither the ack nor the message itself comes back, as on a link that dies at this moment.
      server.onMessage((frame) => {
        if (!losesAcks || JSON.parse(String(frame)).type === "ready") socket.send(frame);
      });
    });
    await gina.signIn("gina");
    await gina.open("hal");
    await gina.send("only once");
    await expect.poll(() => storedTexts("hal", "gina"), WAIT).toHaveLength(1);
    losesAcks = false;
    await gina.page.reload();
    await expect.poll(() => refs.length, WAIT).toBe(2);
    await expect.poll(() => gina.page.locator(".pending").count(), WAIT).toBe(0);
    expect(refs[0]).toBe(refs[1]);
    expect(await gina.texts()).toEqual(["only once"]);
    expect(await storedTexts("hal", "gina")).toHaveLength(1);
    await gina.close();
  });

  it("a token that expires while the user types: nothing typed is lost, and a new token continues", async () => {
    const ivy = await WebUser.visit(browser, deployment.app.url);
    await ivy.signInWith(await deployment.token("ivy", { expiresInSeconds: 8 }));
    await ivy.open("");
    await ivy.composer.fill("I was just sayi");
    await ivy.page.getByText("Your token has expired.").waitFor();
    expect(await ivy.composer.inputValue()).toBe("I was just sayi");
    await ivy.send("I was just saying");
    await ivy.page.getByText("Waiting…").waitFor();
    await ivy.page.getByLabel("Token").fill(await deployment.token("somebody-else"));
    await ivy.page.getByRole("button", { name: "Continue" }).click();
    await ivy.page.getByText("This token is for somebody-else.").waitFor();
    await ivy.page.getByLabel("Token").fill(await deployment.token("ivy"));
    await ivy.page.getByRole("button", { name: "Continue" }).click();
    await ivy.sees("I was just saying");
    await ivy.untilConnected();
    await ivy.close();
  });
});
