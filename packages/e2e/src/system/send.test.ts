import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { until } from "@parley/async";
import type { Message } from "@parley/models";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ChatClient } from "../rig/chat-client.ts";
import { type Deployment, describeSplit, startStandalone } from "../rig/shapes.ts";

/** Defines tests of `POST /send` (P62). Deployments of either shape must pass them. */
function sendRules(start: () => Promise<Deployment>) {
  let deployment: Deployment;
  const clients: ChatClient[] = [];

  beforeAll(async () => {
    deployment = await start();
  });
  afterAll(async () => {
    for (const { socket } of clients) socket.terminate();
    await deployment?.stop();
  });

  const addressOf = (gateway: 0 | 1) => deployment.gateways[gateway].replace(/^ws(.*)\/ws$/, "http$1/send");

  async function post(gateway: 0 | 1, user: string, message: object, scopes: string[] = []) {
    const token = await deployment.token(user, { scopes });
    const response = await fetch(addressOf(gateway), {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(message),
    });
    return { status: response.status, body: (await response.json()) as Record<string, string> };
  }

  async function connected(gateway: 0 | 1, user: string): Promise<ChatClient> {
    const client = await ChatClient.connect(deployment.gateways[gateway], await deployment.token(user));
    clients.push(client);
    return client;
  }

  async function readHistory(user: string, path: string): Promise<Message[]> {
    return (await deployment.history(user, path)).json() as Promise<Message[]>;
  }

  it("P62: a message is heard by its sender and its recipient, and is in history with the answer's id", async () => {
    const [alice, bob] = [await connected(0, "alice"), await connected(1, "bob")];
    const { status, body } = await post(1, "alice", { to: "bob", content: "by request", ref: "r1" });
    expect(status).toBe(200);
    const heard = await bob.message("by request");
    expect(heard).toMatchObject({ ...body, from: "alice", to: "bob" });
    expect(await alice.message("by request")).toEqual(heard);
    expect(await readHistory("bob", "/messages/alice?limit=1")).toMatchObject([{ id: body.id }]);
  });

  it("P62, G2: a request repeated at any gateway, and after a socket's frame, gets the same id", async () => {
    const carol = await connected(0, "carol");
    const { id } = await carol.send("dave", "once", "same");
    for (const gateway of [0, 1, 0] as const)
      expect(await post(gateway, "carol", { to: "dave", content: "once", ref: "same" })).toMatchObject({
        status: 200,
        body: { id },
      });
    const other = await post(1, "carol", { to: "dave", content: "twice", ref: "same" });
    expect([other.status, other.body.code]).toEqual([409, "ref_reused"]);
    expect(await readHistory("dave", "/messages/carol")).toHaveLength(1);
  });

  it("P62, P31: a client that leaves before the answer repeats its request, and the message exists once", async () => {
    const { hostname, port, host } = new URL(addressOf(0));
    const body = JSON.stringify({ to: "frank", content: "who left", ref: randomUUID() });
    const text = [
      "POST /send HTTP/1.1",
      `Host: ${host}`,
      `Authorization: Bearer ${await deployment.token("erin")}`,
      "Content-Type: application/json",
      `Content-Length: ${body.length}`,
      "",
      body,
    ].join("\r\n");
    const frank = await connected(1, "frank");
    const socket = connect({ port: Number(port), host: hostname });
    await once(socket, "connect");
    socket.write(text);
    const { id } = await frank.message("who left");
    socket.resetAndDestroy();
    expect(await post(1, "erin", JSON.parse(body))).toMatchObject({ status: 200, body: { id } });
    await until(async () => (await readHistory("frank", "/messages/erin")).length === 1, "one message");
  });

  it("P62: a service may send as a user, and nobody else may", async () => {
    const grace = await connected(0, "grace");
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
    const response = await fetch(addressOf(0), { method: "POST", body: "{}" });
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([
      401,
      "token_missing",
    ]);
  });
}

describe("sending by request, standalone", () => sendRules(startStandalone));

await describeSplit("sending by request, split over two gateways", {}, (deployment) => {
  sendRules(async () => deployment);
});
