const REASON_LENGTH = 160;
const URL = /\w+:\/\/\S+/g;
const PATH = /(^|[\s"'`(=:])\/[\w.@+-]+(\/[\w.@+-]+)+/g;

/** Returns the first line of a reason, with this machine's paths and URLs replaced by `…`. */
export function firstLine(reason: string): string {
  const [line = ""] = reason.split("\n");
  return line.replaceAll(URL, "…").replaceAll(PATH, "$1…").slice(0, REASON_LENGTH);
}
