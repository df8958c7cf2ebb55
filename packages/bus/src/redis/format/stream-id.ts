import { formatId, MAX_MS, MAX_SEQ, ORIGIN, type Position, parseId } from "@parley/models";

/**
 * Functions that convert between stream ids and message ids (L2). A stream id is `<ms>-<seq>` without padding, and each
 * number has up to 20 digits. In a message id the two numbers have at most 13 and 10 digits. Parley assigns no ids with
 * more digits, but a manual XADD can.
 */

/** A stream id that is lower than the id of any entry. */
export const STREAM_ORIGIN = "0-0";

/** A stream id of the present that fits into a message id. In this common case no numbers need to be parsed. */
const USUAL = /^(\d{13})-(\d{1,10})$/;
const STREAM_ID = /^(\d{1,20})-(\d{1,20})$/;

/** Returns the message id of an entry, or undefined if the stream id has too many digits. Then it isn't a message. */
export function idOfEntry(streamId: string): string | undefined {
  const usual = USUAL.exec(streamId);
  if (usual?.[2] !== undefined) return `${usual[1]}-${usual[2].padStart(10, "0")}-00`;
  const position = parse(streamId);
  return position && fits(position) ? formatId(position) : undefined;
}

/**
 * Returns the greatest message id that isn't after a stream id. Use it for ends, watermarks and bounds. Returns the
 * same id as `idOfEntry`, unless `idOfEntry` returns undefined. Throws a RangeError if the text isn't a stream id.
 */
export function idUpTo(streamId: string): string {
  const position = parse(streamId);
  if (!position) throw new RangeError("not a stream id");
  if (position.ms > MAX_MS) return formatId({ ms: MAX_MS, seq: MAX_SEQ });
  return formatId({ ms: position.ms, seq: Math.min(position.seq, MAX_SEQ) });
}

/** Returns the stream id of a message id. Throws a RangeError if the text isn't a message id. */
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

/** Returns true if both numbers fit into a message id. Numbers above 2^53 are inexact, but exact enough for this. */
function fits({ ms, seq }: Position): boolean {
  return ms <= MAX_MS && seq <= MAX_SEQ;
}
