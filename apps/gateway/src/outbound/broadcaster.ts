import type { LiveListener, LiveMessage } from "@parley/bus";
import { changeFrame, encodeServerFrame, errorFrame, messageFrame } from "@parley/models";
import type { Connection } from "../connection/connection.ts";
import type { PendingConnection } from "../connection/pending-connection.ts";
import type { ConnectionRegistry } from "../connection/registry.ts";
import type { Observe } from "../events.ts";
import type { DeliveryTimer } from "./delivery-timer.ts";
import type { ReplayFilter } from "./replay-filter.ts";
import { textFrame } from "./text-frame.ts";
import type { WriteScheduler } from "./write-scheduler.ts";

export interface BroadcasterDeps {
  readonly registry: ConnectionRegistry;
  readonly writeScheduler: WriteScheduler<Connection>;
  readonly replayFilter: ReplayFilter;
  readonly deliveryTimer: Pick<DeliveryTimer, "receivedPrivate">;
  readonly observe: Observe;
}

/**
 * Returns the listener that passes live messages and gaps from the log on to the connections (P20, P21, P23). Changes go
 * the way of messages, to the connections that speak `chat.v1` (P74).
 */
export function createBroadcaster(deps: BroadcasterDeps): LiveListener {
  const { registry, writeScheduler, replayFilter, deliveryTimer, observe } = deps;
  /**
   * The frame made last. A private message arrives twice, for its sender and for its recipient, and both get the same
   * frame.
   */
  let lastMade: { readonly id: string; readonly frame: Buffer } | undefined;

  function frameOf({ id, body, kind }: LiveMessage): Buffer {
    if (lastMade?.id === id) return lastMade.frame;
    const text = kind === undefined ? messageFrame(id, body) : changeFrame(kind, id, body);
    lastMade = { id, frame: textFrame(text) };
    return lastMade.frame;
  }

  function sendToAll(message: LiveMessage): void {
    const isChange = message.kind !== undefined;
    if (registry.connections.size > 0) writeScheduler.broadcast(message.id, frameOf(message), isChange);
    for (const pending of registry.pending) buffer(pending, message);
  }

  function sendToUser(user: string, message: LiveMessage): void {
    deliveryTimer.receivedPrivate(message.id);
    for (const connection of registry.connectionsOf(user)) {
      if (message.id > connection.cursor && isFor(connection, message))
        writeScheduler.sendTo(connection, frameOf(message));
    }
    for (const pending of registry.pendingOf(user)) buffer(pending, message);
  }

  function buffer(pending: PendingConnection, message: LiveMessage): void {
    if (isFor(pending, message)) pending.buffer(message.id, frameOf(message));
  }

  return {
    message(audience, message) {
      if (!replayFilter.accepts(audience, message.id)) return;
      if (audience === "") sendToAll(message);
      else sendToUser(audience, message);
    },

    /**
     * First writes the messages from before the gap, while each connection still has the cursor that applies to them.
     */
    gap(cursor) {
      observe({ type: "gap", cursor, connections: registry.connections.size });
      writeScheduler.flushAll();
      lastMade = undefined;
      replayFilter.restartAfter(cursor);
      for (const pending of registry.pending) pending.noteGap();
      const sync = textFrame(encodeServerFrame({ type: "sync", cursor }));
      const missed = textFrame(errorFrame("messages_missed"));
      for (const connection of registry.connections) {
        connection.resetCursor(cursor);
        writeScheduler.sendTo(connection, connection.speaksChat ? sync : missed);
      }
    },
  };
}

/** Clients without `chat.v1` know no changes (P74). */
function isFor({ speaksChat }: { readonly speaksChat: boolean }, { kind }: LiveMessage): boolean {
  return kind === undefined || speaksChat;
}
