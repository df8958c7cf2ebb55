import { CLOSE } from "@parley/models";
import type { ConnectionCloser } from "../connection/closer.ts";
import type { Connection } from "../connection/connection.ts";
import type { Observe } from "../events.ts";

/**
 * Closes a client that reads too slowly: the next write would make more than `maxPendingBytes` wait in its socket
 * (P40, G5). The client connects again and syncs.
 */
export function closeSlowReader(connection: Connection, closer: ConnectionCloser, observe: Observe): void {
  observe({ type: "too-slow", connection: connection.id, pendingBytes: connection.pendingBytes });
  closer.closeNow(connection, CLOSE.tooSlow, "too slow");
}
