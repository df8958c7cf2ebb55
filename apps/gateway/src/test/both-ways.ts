import { until } from "@parley/async";
import { ChatClient } from "./chat-client.ts";
import type { RunningGateway } from "./running-gateway.ts";

/** Sends the same request as an upgrade, which must be refused, and as a plain GET. Returns both answers (P3). */
export async function requestBothWays(gateway: RunningGateway, headers: Record<string, string>) {
  const client = new ChatClient(gateway.wsUrl, [], headers);
  const upgrade = await until(() => client.refused, "a refusal");
  const plain = await fetch(`${gateway.url}/ws`, { headers });
  return {
    upgrade,
    plain,
    upgradeBody: JSON.parse(upgrade.body),
    plainBody: JSON.parse(await plain.text()),
  };
}
