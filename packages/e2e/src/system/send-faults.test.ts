import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { inBackground, until } from "@parley/async";
import type { App } from "@parley/local";
import type { Message } from "@parley/models";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type Deployment, describeSplit, startStandalone } from "../rig/shapes.ts";

const ENV = { RATE_LIMIT: "0", DRAIN_MS: "500" };
const SENDERS = 6;
const RETRY_MS = 20;

/** Programs that send one message after the other, and repeat each request until it is answered (P62). */
class Senders {
  /** The contents of the messages, by the id in their answer. */
  readonly answered = new Map<string, string>();
  /** Answers and errors after which a request was repeated, by status or "no answer". */
  readonly repeated = new Map<string, number>();
  readonly #done: Promise<unknown>;
  #isStopping = false;

  constructor(url: string, tokens: readonly string[]) {
    this.#done = inBackground(Promise.all(tokens.map((token, sender) => this.#run(url, token, sender))));
  }

  stop(): Promise<unknown> {
    this.#isStopping = true;
    return this.#done;
  }

  async #run(url: string, token: string, sender: number): Promise<void> {
    for (let n = 0; !this.#isStopping; n++) {
      const content = `${sender} ${n}`;
      const body = JSON.stringify({ content, ref: randomUUID() });
      for (;;) {
        const answer = await attempt(url, token, body);
        if ("id" in answer) {
          this.answered.set(answer.id, content);
          break;
        }
        this.repeated.set(answer.failed, (this.repeated.get(answer.failed) ?? 0) + 1);
        await delay(RETRY_MS);
      }
    }
  }
}

/** Sends a request. Throws for an answer after which P62 doesn't allow to repeat it. */
async function attempt(
  url: string,
  token: string,
  body: string,
): Promise<{ readonly id: string } | { readonly failed: string }> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, { method: "POST", headers, body, signal: AbortSignal.timeout(20_000) });
    text = await response.text();
  } catch {
    return { failed: "no answer" };
  }
  if (response.status === 200) return JSON.parse(text);
  if (response.status !== 503) throw new Error(`${response.status}: ${text}`);
  return { failed: JSON.parse(text).code };
}

interface Running extends Deployment {
  /** The process that takes the requests. */
  readonly target: App;
}

function sendFaults(start: () => Promise<Running>) {
  let deployment: Running;
  beforeAll(async () => {
    deployment = await start();
  });
  afterAll(() => deployment?.stop());

  it.each(["SIGTERM", "SIGKILL"] as const)(
    "P62, P41, G2: over a %s and a start, each message exists once, under the id that was answered",
    { timeout: 90_000 },
    async (signal) => {
      const { target } = deployment;
      const tokens = await Promise.all(
        Array.from({ length: SENDERS }, (_, n) => deployment.token(`${signal}-${n}`)),
      );
      const senders = new Senders(`${target.url}/send`, tokens);
      onTestFinished(() => void inBackground(senders.stop()));
      await until(() => senders.answered.size > 100, "messages before the end");
      if (signal === "SIGTERM") expect(await target.stop()).toMatchObject({ code: 0 });
      else await target.kill("SIGKILL");
      await target.restart();
      const before = senders.answered.size;
      await until(() => senders.answered.size > before + 100, "messages after the start");
      await senders.stop();
      expect(senders.repeated.size).toBeGreaterThan(0);
      const room = await deployment.read<Message[]>("reader", "/messages");
      const own = room.filter(({ from }) => from.startsWith(signal));
      expect(new Map(own.map(({ id, content }) => [id, content]))).toEqual(senders.answered);
      expect(own).toHaveLength(senders.answered.size);
    },
  );
}

describe("sending by request over faults, standalone", () =>
  sendFaults(async () => {
    const standalone = await startStandalone({ env: ENV });
    return Object.assign(standalone, { target: standalone.app });
  }));

await describeSplit("sending by request over faults, split", { env: ENV }, (deployment) =>
  sendFaults(async () => Object.assign(deployment, { target: deployment.gatewayApps[0] })),
);
