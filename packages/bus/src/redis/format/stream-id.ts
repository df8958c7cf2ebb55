import { formatId, MAX_MS, MAX_SEQ, ORIGIN, type Position, parseId } from "@parley/models";

/**
 * Stream ids and message ids (L2). A stream id is `<ms>-<seq>` without padding, each part up to 20 digits wide; a
 * message id holds 13 and 10 of them. Parley hands out nothing wider, but anybody may XADD by hand.
 */

/** The stream id before every entry. */
export const STREAM_ORIGIN = "0-0";

/** As Redis prints those of our time, and no wider than a message id. */
const USUAL = /^(\d{13})-(\d{1,10})$/;
const STREAM_ID = /^(\d{1,20})-(\d{1,20})$/;

/** The message id of an entry, or undefined where the fixed width cannot hold it: such an entry is no message. */
export function idOfEntry(streamId: string): string | undefined {
  const usual = USUAL.exec(streamId);
  if (usual?.[2] !== undefined) return `${usual[1]}-${usual[2].padStart(10, "0")}-00`;
  const position = parse(streamId);
  return position && fits(position) ? formatId(position) : undefined;
}

/**
 * The greatest message id at or before a stream id, for an end, a watermark or a bound. The same as `idOfEntry`
 * wherever that gives one. Throws a RangeError for text that is no stream id.
 */
export function idUpTo(streamId: string): string {
  const position = parse(streamId);
  if (!position) throw new RangeError("not a stream id");
  if (position.ms > MAX_MS) return formatId({ ms: MAX_MS, seq: MAX_SEQ });
  return formatId({ ms: position.ms, seq: Math.min(position.seq, MAX_SEQ) });
}

/** The stream id of a message id. Throws a RangeError for text that is none. */
export function streamIdOf(id: string): string {
  if (id === ORIGIN) return STREAM_ORIGIN;
  const position = parseId(id);
  if (!position) throw new RangeError("not a message id");
  return `${position.ms}-${position.seq}`;
}

export function isStreamId(text: string): boolean {
  return STREAM_ID.test(text);
}

function parse(streamId: string): Position | undefined {
  const parts = STREAM_ID.exec(streamId);
  return parts ? { ms: Number(parts[1]), seq: Number(parts[2]) } : undefined;
}

/** Numbers past 2^53 are inexact here, which is enough to see that they do not fit. */
function fits({ ms, seq }: Position): boolean {
  return ms <= MAX_MS && seq <= MAX_SEQ;
}
