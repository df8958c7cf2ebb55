/**
 * The log's formats that this version knows (L25). META names the format. With format 1 everything in the log and in the
 * channels has the form that the first versions wrote. With format 2, entries may be changes and messages may have `meta`,
 * and what is published names the log's epoch. Any other kind of entry needs a format of its own.
 */
export const FORMATS = [1, 2] as const;
export type LogFormat = (typeof FORMATS)[number];

/** Returns why this version can't use a log whose META has this `format`, or undefined if it can. */
export function problemOfFormat(format: string | null): string | undefined {
  if (format === null || FORMATS.some((known) => `${known}` === format)) return undefined;
  return `the log has format ${format}, which a later version of Parley wrote`;
}
