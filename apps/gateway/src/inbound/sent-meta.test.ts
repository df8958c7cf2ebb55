import { until } from "@parley/async";
import { ChatError } from "@parley/models";
import { describe, expect, it } from "vitest";
import { connectClient } from "../test/chat-client.ts";
import { post } from "../test/post.ts";
import { startGateway } from "../test/running-gateway.ts";

const META = '{"n":12345678901234567890, "b":1.0,"a":[{"b":null}]}';
const message = (ref: string, meta: string) => `{"to":"bob","content":"hi","ref":"${ref}","meta":${meta}}`;
const UNLIMITED = { perSecond: Number.POSITIVE_INFINITY, burst: Number.POSITIVE_INFINITY };

describe("the meta of a message", () => {
  it("P72: reaches the log and every reader as it was written, from a frame and from a request", async () => {
    const gateway = await startGateway();
    const [alice, bob] = [await connectClient(gateway, "alice"), await connectClient(gateway, "bob")];
    alice.ws.send(message("1", META));
    await bob.waitFor("message");
    expect(await post(gateway, message("2", META))).toMatchObject({ status: 200 });
    await bob.waitFor("message", 2);
    expect(gateway.store.messages.map(({ meta }) => meta)).toEqual([META, META]);
    expect(bob.texts.filter((text) => text.includes(`,"meta":${META},"timestamp":`))).toHaveLength(2);
    await alice.waitFor("message", 2);
    expect(alice.texts.filter((text) => text.includes('"message"'))).toEqual(bob.texts.slice(1));
  });

  it("P72, P10: is part of what a ref stands for", async () => {
    const gateway = await startGateway();
    const alice = await connectClient(gateway, "alice");
    alice.ws.send(message("1", META));
    const { id } = await alice.waitFor("ack");
    expect((await post(gateway, message("1", META))).body.id).toBe(id);
    expect(await post(gateway, message("1", "{}"))).toMatchObject({
      status: 409,
      body: { code: "ref_reused" },
    });
    alice.send({ to: "bob", content: "hi", ref: "1" });
    expect(await alice.waitFor("error")).toMatchObject({ code: "ref_reused", ref: "1" });
    expect(gateway.store.messages).toHaveLength(1);
  });

  it("P72, P30: that is invalid is refused with its ref, and the error names the cause", async () => {
    const gateway = await startGateway();
    const alice = await connectClient(gateway, "alice");
    const deep = `{"a":${"[".repeat(500)}${"]".repeat(500)}}`;
    alice.ws.send(message("1", deep));
    const error = await alice.waitFor("error");
    expect(error).toMatchObject({ code: "invalid_message", ref: "1", temporary: false });
    expect(error.message).toBe("`meta` must be nested at most 16 deep.");
    const { status, body } = await post(gateway, message("2", "[]"));
    expect([status, body.code, body.detail]).toEqual([
      400,
      "invalid_message",
      "`meta` must be a JSON object.",
    ]);
    expect(gateway.store.messages).toEqual([]);
  });

  it("P72, L25: gets `not_enabled` from a log of format 1, as a frame and as a request", async () => {
    const gateway = await startGateway({
      append: (appender) => ({
        problem: () => appender.problem(),
        append: async (drafts) => drafts.map(() => ({ ok: false, error: new ChatError("not_enabled") })),
      }),
    });
    const alice = await connectClient(gateway, "alice");
    alice.ws.send(message("1", META));
    expect(await alice.waitFor("error")).toMatchObject({ code: "not_enabled", ref: "1", temporary: false });
    expect(await post(gateway, message("2", META))).toMatchObject({
      status: 409,
      body: { code: "not_enabled" },
    });
  });

  it("P32: counts against the user's rate of bytes", async () => {
    const bytes = { perSecond: 1_000, burst: 1_500 };
    const gateway = await startGateway({ config: { rate: { ...UNLIMITED, bytes } } });
    const alice = await connectClient(gateway, "alice");
    const meta = `{"a":"${"x".repeat(1_000)}"}`;
    for (const ref of ["1", "2"]) alice.ws.send(message(ref, meta));
    expect(await alice.waitFor("error")).toMatchObject({ code: "rate_limited", ref: "2" });
    await until(() => gateway.store.messages.length === 1, "the first message");
    alice.ws.send(message("3", "{}"));
    expect(await alice.waitFor("ack", 1)).toMatchObject({ ref: "1" });
  });
});
