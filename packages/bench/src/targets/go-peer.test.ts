import { redisServer } from "@parley/testkit";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { Connection } from "../load/socket/connection.ts";
import type { FrameKind } from "../load/socket/dialect.ts";
import { waitUntilDone } from "../load/wait.ts";
import { residentBytes } from "../runner/proc.ts";
import { buildGoPeer, goPeerVersion } from "./go-peer.ts";
import { centrifuge, centrifugeDelayed } from "./peer.ts";
import type { Target } from "./target.ts";

/** Builds the peer from the modules that are on this machine. Warns and resolves with false if some are missing. */
async function isBuilt(): Promise<boolean> {
  const reason = await buildGoPeer(() => undefined, { offline: true });
  if (reason === undefined) return true;
  process.stderr.write(`\n*** SKIPPED: the peer in Go: ${reason.word}: ${reason.detail}\n\n`);
  return false;
}

it("the pinned version of Centrifugo's library is known", () => {
  expect(goPeerVersion()).toMatch(/^\d+\.\d+\.\d+$/);
});

const redis = await redisServer();
const canRun = redis !== undefined && (await isBuilt());

describe.skipIf(!canRun)("the peer in Go", { timeout: 60_000 }, () => {
  afterAll(() => redis?.stop());

  /** Starts the peer and connects users. Each has the frames that it received, with their texts. */
  async function connect(target: Target, count: number) {
    const running = await target.start();
    onTestFinished(() => running.stop());
    const tokens = await running.tokens(count, "user");
    const users = await Promise.all(
      tokens.map(async (token) => {
        const frames: { kind: FrameKind; text: string }[] = [];
        const connection = await Connection.open(running.endpoint, token, (kind, data, start, length) => {
          frames.push({ kind, text: data.toString("utf8", start, start + length) });
        });
        const texts = (kind: FrameKind) => frames.filter((one) => one.kind === kind).map(({ text }) => text);
        const has = (kind: FrameKind, number: number) =>
          waitUntilDone(
            () => texts(kind).length >= number,
            () => frames.length,
            { quietMs: 10_000, maxMs: 20_000 },
          );
        return { connection, texts, has };
      }),
    );
    return { running, users };
  }

  it.each([centrifuge, centrifugeDelayed])(
    "$name: a public message reaches everybody and is acknowledged to its sender",
    async (target) => {
      const { users } = await connect(target, 3);
      const [sender, ...others] = users;
      sender?.connection.write([1, 2].map((n) => sender.connection.frame("", `hello ${n}`, `x-0-${n}`)));
      for (const user of users) await user.has("message", 2);
      await sender?.has("ack", 2);
      expect(sender?.texts("ack").map((text) => JSON.parse(text).id)).toEqual([1, 2]);
      for (const user of users) {
        const messages = user.texts("message").map((text) => JSON.parse(text).push.pub.data);
        expect(messages).toMatchObject([
          { type: "message", from: "user-0", to: "", content: "hello 1" },
          { type: "message", from: "user-0", to: "", content: "hello 2" },
        ]);
        expect(messages[0].id).toHaveLength(27);
        expect(new Date(messages[0].timestamp).toISOString()).toBe(messages[0].timestamp);
      }
      for (const user of others) expect(user.texts("ack")).toEqual([]);
    },
  );

  it("a private message reaches its recipient and its sender, and nobody else", async () => {
    const { users } = await connect(centrifuge, 3);
    const [sender, recipient, other] = users;
    sender?.connection.write(sender.connection.frame("user-1", "secret", "x-0-7"));
    for (const user of [sender, recipient]) await user?.has("message", 1);
    await sender?.has("ack", 1);
    // A later public message shows that the third user would have received the private one by now.
    sender?.connection.write(sender.connection.frame("", "public", "x-0-8"));
    await other?.has("message", 1);
    expect(other?.texts("message").map((text) => JSON.parse(text).push.pub.data.content)).toEqual(["public"]);
    expect(JSON.parse(recipient?.texts("message")[0] ?? "").push).toMatchObject({
      channel: "user:user-1",
      pub: { data: { from: "user-0", to: "user-1", content: "secret" } },
    });
  });

  it("refuses a token that another secret signed, and collects its garbage when asked to", async () => {
    const { running } = await connect(centrifuge, 1);
    const [token = ""] = await running.tokens(1, "user");
    const forged = `${token.slice(0, -6)}AAAAAA`;
    await expect(Connection.open(running.endpoint, forged, () => undefined)).rejects.toThrow();
    await running.collectGarbage();
    await running.collectGarbage();
    expect(residentBytes(running.pids.server[0] ?? 0)).toBeGreaterThan(0);
  });
});
