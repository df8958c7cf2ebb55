import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { until } from "@parley/async";
import type { Message } from "@parley/models";
import { expect, it } from "vitest";
import { describeShapes } from "./suite.ts";

await describeShapes("sending by request", {}, (suite) => {
  const post = (gateway: 0 | 1, user: string, message: object, scopes: string[] = []) =>
    suite.request(user, suite.sendUrl(gateway), { method: "POST", body: message, scopes });
  const readMessages = (user: string, path: string) => suite.read<Message[]>(user, path);

  it("P62: a message is heard by its sender and its recipient, and is in history with the answer's id", async () => {
    const [alice, bob] = [await suite.connect(0, "alice"), await suite.connect(1, "bob")];
    const { status, body } = await post(1, "alice", { to: "bob", content: "by request", ref: "r1" });
    expect(status).toBe(200);
    const heard = await bob.message("by request");
    expect(heard).toMatchObject({ ...body, from: "alice", to: "bob" });
    expect(await alice.message("by request")).toEqual(heard);
    expect(await readMessages("bob", "/messages/alice?limit=1")).toMatchObject([{ id: body.id }]);
  });

  it("P62, G2: a request repeated at any gateway, and after a socket's frame, gets the same id", async () => {
    const carol = await suite.connect(0, "carol");
    const { id } = await carol.send("dave", "once", "same");
    for (const gateway of [0, 1, 0] as const)
      expect(await post(gateway, "carol", { to: "dave", content: "once", ref: "same" })).toMatchObject({
        status: 200,
        body: { id },
      });
    const other = await post(1, "carol", { to: "dave", content: "twice", ref: "same" });
    expect([other.status, other.body.code]).toEqual([409, "ref_reused"]);
    expect(await readMessages("dave", "/messages/carol")).toHaveLength(1);
  });

  it("P62, P31: a client that leaves before the answer repeats its request, and the message exists once", async () => {
    const { hostname, port, host } = new URL(suite.sendUrl(0));
    const body = JSON.stringify({ to: "frank", content: "who left", ref: randomUUID() });
    const text = [
      "POST /send HTTP/1.1",
      `Host: ${host}`,
      `Authorization: Bearer ${await suite.deployment.token("erin")}`,
      "Content-Type: application/json",
      `Content-Length: ${body.length}`,
      "",
      body,
    ].join("\r\n");
    const frank = await suite.connect(1, "frank");
    const socket = connect({ port: Number(port), host: hostname });
    await once(socket, "connect");
    socket.write(text);
    const { id } = await frank.message("who left");
    socket.resetAndDestroy();
    expect(await post(1, "erin", JSON.parse(body))).toMatchObject({ status: 200, body: { id } });
    await until(async () => (await readMessages("frank", "/messages/erin")).length === 1, "one message");
  });

  it("P62: a service may send as a user, and nobody else may", async () => {
    const grace = await suite.connect(0, "grace");
    const message = { to: "grace", content: "shipped", ref: "order-17", as: "shop" };
    const { status, body } = await post(1, "orders", message, ["messages:send"]);
    expect(status).toBe(200);
    expect(await grace.message("shipped")).toMatchObject({ id: body.id, from: "shop" });
    expect((await post(1, "orders", message)).status).toBe(403);
    expect((await post(1, "orders", message, ["history:read"])).body.code).toBe("forbidden");
  });

  it("P62: names what is wrong with a request", async () => {
    const unnamed = await post(0, "alice", { to: "bob", content: "no ref" });
    expect([unnamed.status, unnamed.body.code, unnamed.body.detail]).toEqual([
      400,
      "invalid_message",
      expect.stringContaining("`ref`"),
    ]);
    const response = await fetch(suite.sendUrl(0), { method: "POST", body: "{}" });
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([
      401,
      "token_missing",
    ]);
  });
});
