import type { Redis } from "ioredis";
import type { KeyNames } from "../format/keys.ts";
import { idUpTo } from "../format/stream-id.ts";
import type { LogHead } from "../log/log-reader.ts";
import { PUBLISH_MARKER } from "../script/scripts.ts";

/** The answer to a published marker. `revocations` is the version of the revocations (L26), undefined without a log. */
export interface Published {
  readonly revocations: string | undefined;
}

/**
 * Publishes a marker that holds the log's end, read in the same script. If a subscriber is connected to the same server
 * and receives the marker, it has already received every message up to that end (L15).
 *
 * On another server this isn't certain. Replicas forward everything that their master publishes, but a server that has
 * just become a replica has missed everything published before. So the marker also holds the publishing server's term.
 * Rejects with READONLY on a server that isn't a master.
 */
export async function publishMarker(
  client: Redis,
  { log, meta }: KeyNames,
  channel: string,
  tag: string,
): Promise<Published> {
  const version = await PUBLISH_MARKER.run(client, [log, meta], [channel, tag]);
  return { revocations: typeof version === "string" ? version : undefined };
}

/** A marker as a subscriber receives it. */
export interface Marker {
  /** The tag that was passed to `publishMarker`. */
  readonly tag: string;
  /** The term of the server that published the marker: see ServerInfo. Empty if INFO is forbidden. */
  readonly term: string;
  /** Undefined if there is no log. */
  readonly log: Pick<LogHead, "epoch" | "end"> | undefined;
}

/** Returns undefined if `payload` isn't a marker. */
export function decodeMarker(payload: string): Marker | undefined {
  const match = /^(\S+) (?:(\w*\/\w*)|-) (\S+) (?:(\d+-\d+)|-)$/.exec(payload);
  const [, tag, term = "", epoch, end] = match ?? [];
  if (tag === undefined || epoch === undefined) return undefined;
  return { tag, term, log: end === undefined ? undefined : { epoch, end: idUpTo(end) } };
}
