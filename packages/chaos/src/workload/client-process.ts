import { connect, type ParleyClient } from "@parley/client";
import { serveOrders } from "../hostile/attacker/worker.ts";

/** An order for a client in a process of its own, so that its clock can be moved. */
export type ClientOrder =
  | { readonly kind: "connect"; readonly url: string; readonly token: string }
  | { readonly kind: "send"; readonly to: string; readonly count: number };

let client: ParleyClient | undefined;

/** Resolves with the ids of the messages. Rejects if one of them fails. */
serveOrders(async (order: ClientOrder): Promise<readonly string[]> => {
  if (order.kind === "connect") {
    client = connect({ url: order.url, token: () => order.token });
    return [];
  }
  const sends = Array.from({ length: order.count }, (_, n) => client?.send(order.to, `message ${n}`));
  return (await Promise.all(sends)).flatMap((message) => message?.id ?? []);
});
