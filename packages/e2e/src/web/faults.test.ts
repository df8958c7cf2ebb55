import type { Message } from "@parley/client";
import { startTcpProxy } from "@parley/testkit";
import { afterAll, expect, it } from "vitest";
import { describeInBrowser } from "../rig/browser.ts";
import { Chatter } from "../rig/chat-client.ts";
import { startStandalone } from "../rig/shapes.ts";
import { Person } from "../rig/web-person.ts";

const WAIT = { timeout: 60_000 };

const house = await startStandalone({ env: { RATE_LIMIT: "0" } });
const chatters: Chatter[] = [];
afterAll(async () => {
  for (const chatter of chatters) await chatter.close();
  await house.stop();
});

/** Somebody who chats without a browser. */
async function chatter(name: string): Promise<Chatter> {
  const one = await Chatter.connect(house.gateways[0], await house.token(name));
  chatters.push(one);
  return one;
}

async function sendMany(from: Chatter, to: string, count: number, what: string): Promise<string[]> {
  const texts = Array.from({ length: count }, (_, n) => `${what} ${n}`);
  await Promise.all(texts.map((text) => from.send(to, text)));
  return texts;
}

/** The conversation as history has it: id and text. */
async function kept(one: string, other: string): Promise<[id: string, text: string][]> {
  const answer = await house.history(one, `/messages/${other}`);
  const messages = (await answer.json()) as Message[];
  return messages.map(({ id, content }) => [id, content]);
}

await describeInBrowser("the page over faults", (browser) => {
  it("G3, G2: ten seconds without a network while 200 messages arrive: all are there once, in order, and what was typed meanwhile", async () => {
    const proxy = await startTcpProxy(Number(new URL(house.app.url).port));
    const alice = await Person.arrive(browser, proxy.url(house.app.url)).then((one) => one.signIn("alice"));
    const bob = await chatter("bob");
    await alice.open("bob");
    await bob.send("alice", "before");
    await alice.sees("before");
    // The link is gone, and the browser knows.
    await alice.context.setOffline(true);
    proxy.refuse(true);
    proxy.cut("rst");
    const over = new Promise((resolve) => setTimeout(resolve, 10_000));
    await alice.status.filter({ hasText: "No connection" }).waitFor();
    const missed = await sendMany(bob, "alice", 200, "missed");
    for (const text of ["typed one", "typed two"]) await alice.say(text);
    await alice.page.getByText("Waiting…").nth(1).waitFor();
    await alice.status.filter({ hasText: "2 messages wait" }).waitFor();
    await over;
    proxy.refuse(false);
    await alice.context.setOffline(false);
    await alice.sees("typed two");
    await alice.connected();
    const all = await alice.scrollToBeginning();
    expect(all.map(([, text]) => text)).toEqual(["before", ...missed, "typed one", "typed two"]);
    expect(all).toEqual(await kept("bob", "alice"));
    expect(alice.mishaps).toEqual([]);
    await alice.leave();
    await proxy.close();
  });

  it("G3: a reload in the middle of a backlog goes on where it was, and counts nothing twice", async () => {
    const carol = await Person.arrive(browser, house.app.url).then((one) => one.signIn("carol"));
    const dave = await chatter("dave");
    await dave.send("carol", "first");
    await expect.poll(() => carol.page.title(), WAIT).toBe("(1) Parley");
    await carol.page.goto("about:blank");
    const missed = await sendMany(dave, "carol", 520, "missed");
    let answers = 0;
    await carol.page.route("**/sync?*", (route) => (answers++ < 1 ? route.continue() : undefined));
    await carol.page.goto(house.app.url);
    await expect.poll(() => carol.page.title(), WAIT).toBe("(501) Parley");
    expect(await carol.status.textContent()).toBe("Catching up: 500 messages so far");
    await carol.page.unroute("**/sync?*");
    await carol.page.reload();
    await expect.poll(() => carol.page.title(), WAIT).toBe("(521) Parley");
    await carol.entry("dave").click();
    expect((await carol.scrollToBeginning()).map(([, text]) => text)).toEqual(["first", ...missed]);
    expect(await carol.page.title()).toBe("Parley");
    await carol.leave();
  });

  it("a reload in the middle of a word keeps the word, and what had not left leaves then", async () => {
    const erin = await Person.arrive(browser, house.app.url);
    const link = await erin.link();
    await erin.signIn("erin");
    link.cut();
    await erin.page.reload();
    await erin.open("frank");
    await erin.say("not sent yet");
    await erin.composer.fill("half a wor");
    await erin.page.getByText("Waiting…").waitFor();
    link.mend();
    await erin.page.reload();
    await erin.sees("not sent yet");
    expect(await erin.composer.inputValue()).toBe("half a wor");
    await erin.leave();
  });

  it("G2: sent, the answer lost, and reloaded: the same ref goes again, and it is one message", async () => {
    const gina = await Person.arrive(browser, house.app.url);
    const refs: string[] = [];
    let losesAcks = true;
    await gina.page.routeWebSocket(/\/ws$/, (socket) => {
      const server = socket.connectToServer();
      socket.onMessage((frame) => {
        const { ref } = JSON.parse(String(frame));
        if (ref) refs.push(ref);
        server.send(frame);
      });
      // Neither the ack nor the message itself comes back: what a link does that dies at this moment.
      server.onMessage((frame) => {
        if (!losesAcks || JSON.parse(String(frame)).type === "ready") socket.send(frame);
      });
    });
    await gina.signIn("gina");
    await gina.open("hal");
    await gina.say("only once");
    await expect.poll(() => kept("hal", "gina"), WAIT).toHaveLength(1);
    losesAcks = false;
    await gina.page.reload();
    await expect.poll(() => refs.length, WAIT).toBe(2);
    await expect.poll(() => gina.page.locator(".pending").count(), WAIT).toBe(0);
    expect(refs[0]).toBe(refs[1]);
    expect(await gina.texts()).toEqual(["only once"]);
    expect(await kept("hal", "gina")).toHaveLength(1);
    await gina.leave();
  });

  it("a token that ends while one is typing: nothing typed is lost, and another one goes on", async () => {
    const ivy = await Person.arrive(browser, house.app.url);
    await ivy.signInWith(await house.token("ivy", { expiresInSeconds: 4 }));
    await ivy.open("");
    await ivy.composer.fill("I was just sayi");
    await ivy.page.getByText("Your token has expired.").waitFor();
    expect(await ivy.composer.inputValue()).toBe("I was just sayi");
    await ivy.say("I was just saying");
    await ivy.page.getByText("Waiting…").waitFor();
    await ivy.page.getByLabel("Token").fill(await house.token("somebody-else"));
    await ivy.page.getByRole("button", { name: "Continue" }).click();
    await ivy.page.getByText("This token is for somebody-else.").waitFor();
    await ivy.page.getByLabel("Token").fill(await house.token("ivy"));
    await ivy.page.getByRole("button", { name: "Continue" }).click();
    await ivy.sees("I was just saying");
    await ivy.connected();
    await ivy.leave();
  });
});
