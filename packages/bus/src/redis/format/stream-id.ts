import { formatId, MAX_MS, MAX_SEQ, ORIGIN, type Position, parseId } from "@parley/models";

/**
 * Converts between stream ids and message ids (L2). A stream id is `<ms>-<seq>` without padding. Each part has up to 20
 * digits; a message id has room for 13 and 10. Parley assigns no wider ids, but a manual XADD can.
 */

/** The stream id that is lower than every entry's. */
export const STREAM_ORIGIN = "0-0";

/** A stream id of our time that fits into a message id: the common case, which needs no parsing. */
const USUAL = /^(\d{13})-(\d{1,10})$/;
const STREAM_ID = /^(\d{1,20})-(\d{1,20})$/;

/** Returns the message id of an entry, or undefined if the id is too wide. Such an entry isn't a message. */
export function idOfEntry(streamId: string): string | undefined {
  const usual = USUAL.exec(streamId);
  if (usual?.[2] !== undefined) return `${usual[1]}-${usual[2].padStart(10, "0")}-00`;
  const position = parse(streamId);
  return position && fits(position) ? formatId(position) : undefined;
}

/**
 * Returns the greatest message id that isn't after a stream id. For ends, watermarks and bounds. Equals `idOfEntry`
 * where that returns an id. Throws a RangeError if the text isn't a stream id.
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

/** Numbers above 2^53 are inexact here, but exact enough to see that they don't fit. */
function fits({ ms, seq }: Position): boolean {
  return ms <= MAX_MS && seq <= MAX_SEQ;
}
