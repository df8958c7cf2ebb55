import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { sleep, until } from "@parley/async";
import { type App, createFront, readiness } from "@parley/local";
import { createFrontSecret } from "@parley/service";
import { startTcpProxy } from "@parley/testkit";
import type { Browser } from "playwright-core";
import { afterAll, expect, it } from "vitest";
import { seriousViolations } from "../rig/accessibility.ts";
import { describeInBrowser } from "../rig/browser.ts";
import { ChatClient } from "../rig/chat-client.ts";
import { type Deployment, startSplit, startStandalone } from "../rig/shapes.ts";
import { WebUser } from "../rig/web-user.ts";

const PHONE = { viewport: { width: 390, height: 740 }, hasTouch: true };
const WAIT_MS = 60_000;
/** The time within which all devices of a user agree, in ms: usually a moment, but the machine may stall for some seconds. */
const AGREE_MS = 10_000;
/** The usual time of a message from one page to another, in ms. If it takes longer, the machine is slow: so are all deadlines. */
const USUAL_DELIVERY_MS = 250;
const AWAY_MS = 30_000;
const GONE = "Message deleted";

interface Shape {
  readonly url: string;
  readonly gateways: readonly App[];
  readonly deployment: Deployment;
  stop(): Promise<void>;
}

async function standalone(): Promise<Shape> {
  const deployment = await startStandalone();
  return {
    url: deployment.app.url,
    gateways: [deployment.app],
    deployment,
    stop: () => deployment.stop(),
  };
}

/** Starts a split deployment with a front. Resolves with undefined without a Redis or a MongoDB. */
async function split(): Promise<Shape | undefined> {
  const secret = createFrontSecret();
  const env = { AUTH_DEV_TOKENS: "true", FRONT_SECRET: secret };
  const deployment = await startSplit({ env });
  if (!deployment) return undefined;
  const upstream = ({ url, adminUrl }: App) => ({ url, isReady: readiness(adminUrl) });
  const { gatewayApps: gateways, historyApi } = deployment;
  const front = createFront(
    { gateway: gateways.map(upstream), "history-api": [upstream(historyApi)] },
    { secret },
  );
  await once(front.listen(0, "127.0.0.1"), "listening");
  return {
    url: `http://127.0.0.1:${(front.address() as AddressInfo).port}`,
    gateways,
    deployment,
    async stop() {
      front.closeAllConnections();
      front.close();
      await deployment.stop();
    },
  };
}

const shapes = { standalone: await standalone(), split: await split() };
afterAll(() => Promise.all(Object.values(shapes).map((shape) => shape?.stop())));

/** Two devices of alice and one of bob, and the numbers of unread messages that alice's devices show. */
class Trial {
  readonly phone: WebUser;
  readonly laptop: WebUser;
  readonly bob: WebUser;
  /** The ids of the read marks that the laptop has sent. */
  readonly marks: string[] = [];
  #slowness = 1;

  constructor(phone: WebUser, laptop: WebUser, bob: WebUser) {
    this.phone = phone;
    this.laptop = laptop;
    this.bob = bob;
    laptop.page.on("websocket", (socket) =>
      socket.on("framesent", ({ payload }) => {
        const { type, id } = JSON.parse(String(payload));
        if (type === "read") this.marks.push(id);
      }),
    );
  }

  get all(): readonly WebUser[] {
    return [this.phone, this.laptop, this.bob];
  }

  /** Waits until these devices show a number of unread messages, in the list and in the title. */
  async agree(
    count: number,
    { by = [this.phone, this.laptop], on = "bob", withinMs = AGREE_MS, total = count } = {},
  ): Promise<void> {
    const title = total === 0 ? "Parley" : `(${total}) Parley`;
    const shown = () =>
      Promise.all(by.map(async (user) => [await unreadOf(user, on), await user.page.title()]));
    const expected = JSON.stringify(by.map(() => [`${count}`, title]));
    let last = "";
    await until(
      async () => {
        last = JSON.stringify(await shown());
        return last === expected;
      },
      () => `unread messages of ${on}: ${expected}, but the devices show ${last}`,
      // A wait for anything else is long enough for a slow machine.
      withinMs === WAIT_MS ? WAIT_MS : withinMs * this.#slowness,
    );
  }

  /** Bob sends a message, and these devices count it. */
  async count(text: string, count: number, by = [this.phone, this.laptop]): Promise<void> {
    const started = performance.now();
    await this.bob.send(text);
    await this.agree(count, { by, withinMs: WAIT_MS });
    this.#slowness = Math.max(1, (performance.now() - started) / USUAL_DELIVERY_MS);
  }
}

async function unreadOf(user: WebUser, name: string): Promise<string> {
  const texts = await user.entry(name).locator(".unread").allTextContents();
  return (texts[0] ?? "0").replace(" unread", "");
}

const row = ({ page }: WebUser, text: string) => page.locator(".row[data-id]").filter({ hasText: text });

async function edit(user: WebUser, text: string, to: string): Promise<void> {
  await row(user, text).hover();
  await row(user, text).getByRole("button", { name: "Edit" }).click();
  await user.composer.fill(to);
  await user.page.getByRole("button", { name: "Save" }).click();
  await user.sees(to);
}

async function remove(user: WebUser, text: string): Promise<void> {
  await row(user, text).hover();
  await row(user, text).getByRole("button", { name: "Delete" }).click();
  await user.page.getByRole("button", { name: "Yes, delete" }).click();
  await row(user, text).waitFor({ state: "detached" });
}

/** Takes the focus from the page's window or gives it back. Every page of this browser has it otherwise. */
async function focus({ page }: WebUser, hasFocus: boolean): Promise<void> {
  await page.evaluate(`document.hasFocus = () => ${hasFocus};
    window.dispatchEvent(new Event(${JSON.stringify(hasFocus ? "focus" : "blur")}))`);
}

async function readLive(trial: Trial, { deployment }: Shape): Promise<void> {
  const { laptop, bob } = trial;
  await trial.count("one", 1);
  await trial.count("two", 2);
  await laptop.open("bob");
  await trial.agree(0);
  // Bob is told once the mark is stored.
  await until(async () => (await bob.page.locator(".row.own .tick.seen").count()) === 2, "both are seen");
  await bob.open("");
  await bob.send("to all");
  await trial.agree(1, { on: "Public room", withinMs: WAIT_MS });
  await laptop.open("");
  await trial.agree(0, { on: "Public room", withinMs: AGREE_MS });

  await laptop.open("carol");
  await bob.open("alice");
  await trial.count("three", 1);
  await trial.count("four", 2);
  await remove(bob, "three");
  await trial.agree(1);
  await trial.count("five", 2);
  // A third device has read, but not everything.
  const tablet = await ChatClient.connect(deployment.gateways[0], await deployment.token("alice"));
  const id = await row(bob, "four").getAttribute("data-id");
  tablet.sendRaw({ type: "read", with: "bob", id });
  await trial.agree(1);
  await tablet.close();
}

/** Happens while the phone is away. Leaves one unread message. */
async function readWithoutPhone(trial: Trial): Promise<void> {
  const { laptop, bob } = trial;
  const by = [laptop];
  await edit(bob, "four", "FOUR");
  await remove(bob, "five");
  await trial.agree(0, { by });
  await trial.count("six", 1, by);
  await laptop.open("bob");
  await laptop.sees("six");
  const line = laptop.page.getByRole("separator", { name: "New messages" });
  await line.waitFor();
  expect(await laptop.page.locator(".new-line + .row .content").textContent()).toBe("six");
  await trial.agree(0, { by });
  for (const user of [laptop, bob]) expect(await seriousViolations(user)).toEqual([]);
  await laptop.send("an answer");
  await line.waitFor({ state: "detached" });
  await bob.sees("an answer");
  await laptop.open("carol");

  // The laptop's window is behind another one.
  await trial.count("seven", 1, by);
  await focus(laptop, false);
  await laptop.open("bob");
  await laptop.sees("seven");
  await trial.count("eight", 2, by);
  const unseen = await row(laptop, "seven").getAttribute("data-id");
  expect(trial.marks.filter((id) => id >= String(unseen))).toEqual([]);
  await focus(laptop, true);
  await trial.agree(0, { by });
  await laptop.open("carol");
  await trial.count("nine", 1, by);
}

async function tryOut(browser: Browser, shape: Shape): Promise<void> {
  const proxy = await startTcpProxy(Number(new URL(shape.url).port));
  const trial = new Trial(
    await WebUser.visit(browser, proxy.url(shape.url), PHONE),
    await WebUser.visit(browser, shape.url),
    await WebUser.visit(browser, shape.url),
  );
  const { phone, laptop, bob } = trial;
  for (const user of trial.all) await user.signIn(user === bob ? "bob" : "alice");
  await laptop.open("carol");
  await bob.open("alice");
  await readLive(trial, shape);

  for (const user of [phone, laptop]) {
    await user.page.reload();
    await user.untilConnected();
  }
  await trial.agree(1);

  await phone.context.setOffline(true);
  proxy.refuse(true);
  proxy.cut("rst");
  const away = sleep(AWAY_MS);
  await phone.status.filter({ hasText: "No connection" }).waitFor();
  await readWithoutPhone(trial);
  await away;
  expect(await unreadOf(phone, "bob")).toBe("1");
  await edit(bob, "nine", "NINE");
  proxy.refuse(false);
  await phone.context.setOffline(false);
  await phone.untilConnected();
  await trial.agree(1);
  await phone.open("bob");
  await phone.sees("NINE");
  await trial.agree(0);
  for (const gateway of shape.gateways) {
    await gateway.kill("SIGKILL");
    await gateway.restart();
  }
  await laptop.open("carol");
  await phone.page.evaluate("location.hash = '#/'");
  await bob.send("ten");
  await trial.agree(1, { withinMs: WAIT_MS });
  await laptop.open("bob");
  await trial.agree(0);
  await phone.open("bob");
  const texts = ["one", "two", GONE, "FOUR", GONE, "six", "an answer", "seven", "eight", "NINE", "ten"];
  for (const user of trial.all)
    await until(async () => `${await user.texts()}` === `${texts}`, "the same messages everywhere");
  for (const user of trial.all) {
    expect(user.errors).toEqual([]);
    await user.close();
  }
  await proxy.close();
}

await describeInBrowser("read marks on two devices of one user", (browser) => {
  // Both wait for most of the time, so they run side by side.
  it.concurrent.for(["standalone", "split"] as const)(
    "P70, P71: the devices agree live, after a reload, after 30 s offline, and after SIGKILL of each gateway, %s",
    { timeout: 180_000 },
    async (name, { skip }) => {
      const shape = shapes[name];
      if (!shape) return skip("needs a Redis and a MongoDB");
      await tryOut(browser, shape);
    },
  );
});
