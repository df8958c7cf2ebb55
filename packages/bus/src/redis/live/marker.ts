import type { Redis } from "ioredis";
import { LOG, META } from "../format/keys.ts";
import { idUpTo } from "../format/stream-id.ts";
import type { LogHead } from "../log/log-reader.ts";
import { PUBLISH_MARKER } from "../script/scripts.ts";

/**
 * Publishes a marker with the log's end, read in the same script: whoever hears it has heard everything up to that
 * end before it, on the same connection (L15), if that leads to the same server: what a master publishes is heard on
 * its replicas too, but what it published while one of them came to it is not. Rejects, with READONLY, on a server
 * that is no master.
 */
export function publishMarker(client: Redis, channel: string, tag: string): Promise<unknown> {
  return PUBLISH_MARKER.run(client, [LOG, META], [channel, tag]);
}

export interface Marker {
  readonly tag: string;
  /** Of the server that published it, see ServerInfo; empty where that does not tell. */
  readonly reign: string;
  /** Undefined: there is no log. */
  readonly log: Pick<LogHead, "epoch" | "end"> | undefined;
}

/** Undefined for what is no marker. */
export function decodeMarker(payload: string): Marker | undefined {
  const parts = /^(\S+) (?:(\w*\/\w*)|-) (\S+) (?:(\d+-\d+)|-)$/.exec(payload);
  const [, tag, reign = "", epoch, end] = parts ?? [];
  if (tag === undefined || epoch === undefined) return undefined;
  return { tag, reign, log: end === undefined ? undefined : { epoch, end: idUpTo(end) } };
}
