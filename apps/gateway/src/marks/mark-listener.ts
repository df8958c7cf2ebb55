import type { MarkListener } from "@parley/bus";
import { encodeServerFrame } from "@parley/models";
import type { Connection } from "../connection/connection.ts";
import type { ConnectionRegistry } from "../connection/registry.ts";
import { textFrame } from "../outbound/text-frame.ts";
import type { WriteScheduler } from "../outbound/write-scheduler.ts";

export interface MarkListenerDeps {
  readonly registry: ConnectionRegistry;
  readonly writeScheduler: Pick<WriteScheduler<Connection>, "sendTo">;
  /** False: users don't hear of the marks of others (P70). */
  readonly readReceipts: boolean;
}

/** Tells a client to ask for its marks again (P70). */
export const MARKS_FRAME = textFrame(encodeServerFrame({ type: "marks" }));

/** Returns the listener that passes read marks on to the connections that speak `chat.v1` (P70). */
export function createMarkListener({
  registry,
  writeScheduler,
  readReceipts,
}: MarkListenerDeps): MarkListener {
  const sendTo = (connections: Iterable<Connection>, frame: Buffer) => {
    for (const connection of connections) if (connection.speaksChat) writeScheduler.sendTo(connection, frame);
  };
  return {
    mark(audience, { user, with: other, id }) {
      if (user !== audience && !readReceipts) return;
      const frame = encodeServerFrame({ type: "read", by: user, with: other, id });
      sendTo(registry.connectionsOf(audience), textFrame(frame));
    },
    missed() {
      sendTo(registry.connections, MARKS_FRAME);
    },
  };
}
