import type { Marks } from "./marks/marks.ts";
import type { Receiver } from "./receiving/receiver.ts";
import type { SendQueue } from "./sending/send-queue.ts";
import { changeOf, type ServerFrame } from "./wire.ts";

/** The parts of a client that frames are for. */
export interface FrameReceivers {
  readonly receiver: Pick<Receiver, "handle">;
  readonly sendQueue: Pick<SendQueue, "onAck" | "onError">;
  readonly marks: Pick<Marks, "onRead" | "onMissed" | "onError">;
}

/** Passes on a frame of a ready connection. Ignores a frame of a type that this version doesn't know. */
export function dispatchFrame(frame: ServerFrame, { receiver, sendQueue, marks }: FrameReceivers): void {
  switch (frame.type) {
    case "message": {
      const { id, from, to, content, meta, timestamp } = frame;
      const message = { id, from, to, content, ...(meta && { meta }), timestamp };
      receiver.handle({ type: "entry", entry: message });
      break;
    }
    case "edited":
    case "deleted":
      receiver.handle({ type: "entry", entry: changeOf(frame) });
      break;
    case "sync":
      receiver.handle({ type: "gap" });
      break;
    case "read":
      marks.onRead({ by: frame.by, with: frame.with, id: frame.id });
      break;
    case "marks":
      marks.onMissed();
      break;
    case "ack":
      sendQueue.onAck(frame.ref, { id: frame.id, timestamp: frame.timestamp });
      break;
    case "error":
      sendQueue.onError(frame);
      marks.onError(frame);
      break;
  }
}
