import { until } from "@parley/async";
import { expect, it } from "vitest";
import { ChatClient } from "../rig/chat-client.ts";
import { parleyFor } from "../rig/commands.ts";
import { describeShapes } from "./suite.ts";

await describeShapes("revocation", {}, (suite) => {
  async function operate(...args: string[]) {
    const { deployment } = suite;
    const PARLEY_TOKEN = await deployment.token("root", { scopes: ["ops"] });
    const { adminUrl } = deployment.gatewayApp;
    return parleyFor(deployment).run([...args, "--admin-url", adminUrl], { PARLEY_TOKEN });
  }

  const tokenOf = (user: string) => suite.deployment.token(user);
  const connect = (gateway: 0 | 1, token: string) =>
    ChatClient.connect(suite.deployment.gateways[gateway], token);

  /** Connects and disconnects. Resolves with the refusal, or with "" without one. */
  async function refusalOf(gateway: 0 | 1, token: string): Promise<string> {
    try {
      (await connect(gateway, token)).socket.terminate();
      return "";
    } catch (error) {
      return (error as Error).message;
    }
  }

  async function statusOf(token: string): Promise<number> {
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(`${suite.deployment.historyUrl}/conversations`, { headers });
    await response.text();
    return response.status;
  }

  it("P65: a revoked token ends its WebSockets at every gateway and opens nothing any more; a new one does", async () => {
    const token = await tokenOf("alice");
    const other = await connect(1, await tokenOf("bob"));
    const sockets = [await connect(0, token), await connect(1, token)];
    await until(async () => (await statusOf(token)) === 200, "the token counts");
    expect(await operate("revoke", "alice")).toMatchObject({ code: 0 });
    for (const { closed } of sockets) expect((await closed).code).toBe(4003);
    for (const gateway of [0, 1] as const)
      await expect(connect(gateway, token)).rejects.toThrow("refused with 401");
    await until(async () => (await statusOf(token)) === 401, "history-api refuses the token");
    // A token of the same second counts as revoked.
    await until(async () => (await statusOf(await tokenOf("alice"))) === 200, "a new token counts");
    const again = await connect(0, await tokenOf("alice"));
    await again.send("bob", "back");
    expect((await other.message("back")).from).toBe("alice");
    again.socket.terminate();
    other.socket.terminate();
  });

  it("P65: a blocked user is out with any token until the block ends", async () => {
    const socket = await connect(0, await tokenOf("mallory"));
    expect(await operate("block", "mallory", "--for", "1h")).toMatchObject({ code: 0 });
    expect((await socket.closed).code).toBe(4503);
    // The other gateway hears of the block from the log, perhaps a moment later.
    await until(
      async () => (await refusalOf(1, await tokenOf("mallory"))) === "refused with 403",
      "a refusal",
    );
    expect((await operate("revoke", "--json")).out).toContain("mallory");
    expect(await operate("unblock", "mallory")).toMatchObject({ code: 0 });
    await until(
      async () => (await refusalOf(1, await tokenOf("mallory"))) === "",
      "the user may connect again",
    );
  });

  it("P65: an operator needs the scope ops, and a wrong duration is an error of the command line", async () => {
    const PARLEY_TOKEN = await tokenOf("alice");
    const args = ["revoke", "bob", "--admin-url", suite.deployment.gatewayApp.adminUrl];
    expect(await parleyFor(suite.deployment).run(args, { PARLEY_TOKEN })).toMatchObject({ code: 4 });
    expect(await operate("block", "bob", "--for", "tomorrow")).toMatchObject({ code: 2 });
  });
});
