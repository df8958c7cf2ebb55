import type { LiveListener, LiveMessage } from "@parley/bus";
import { encodeServerFrame, errorFrame, messageFrame } from "@parley/models";
import type { Connection } from "../connection/connection.ts";
import type { Audiences } from "../connection/registry.ts";
import type { Observe } from "../events.ts";
import type { LogOrder } from "./replay-filter.ts";
import { textFrame } from "./text-frame.ts";
import type { Outbox } from "./write-scheduler.ts";

export interface FanOutParts {
  readonly audiences: Audiences;
  readonly outbox: Outbox<Connection>;
  readonly order: LogOrder;
  readonly observe: Observe;
}

/** Brings what the log tells live to those who may hear it (P20, P21, P23). */
export function createFanOut({ audiences, outbox, order, observe }: FanOutParts): LiveListener {
  /** The frame made last: a private message comes twice, for sender and recipient. */
  let made: { readonly id: string; readonly frame: Buffer } | undefined;

  function frameOf({ id, body }: LiveMessage): Buffer {
    if (made?.id !== id) made = { id, frame: textFrame(messageFrame(id, body)) };
    return made.frame;
  }

  function toEverybody(message: LiveMessage): void {
    if (audiences.everybody.size > 0) outbox.toEverybody(message.id, frameOf(message));
    for (const joining of audiences.joining) joining.hold(message.id, frameOf(message));
  }

  function toUser(user: string, message: LiveMessage): void {
    for (const connection of audiences.connectionsOf(user)) {
      if (message.id > connection.cursor) outbox.toOne(connection, frameOf(message));
    }
    for (const joining of audiences.joiningOf(user)) joining.hold(message.id, frameOf(message));
  }

  return {
    message(audience, message) {
      if (!order.admits(audience, message.id)) return;
      if (audience === "") toEverybody(message);
      else toUser(audience, message);
    },

    /** What came before the gap leaves first, under the cursor it came under. */
    gap(cursor) {
      observe({ type: "gap", cursor, connections: audiences.everybody.size });
      outbox.flushNow();
      made = undefined;
      order.restartAfter(cursor);
      for (const joining of audiences.joining) joining.gap();
      const sync = textFrame(encodeServerFrame({ type: "sync", cursor }));
      const missed = textFrame(errorFrame("messages_missed"));
      for (const connection of audiences.everybody) {
        connection.cursor = cursor;
        outbox.toOne(connection, connection.speaksChat ? sync : missed);
      }
    },
  };
}
