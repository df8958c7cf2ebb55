import { ChatError } from "@parley/models";

/** Tells if a URL has a query parameter that isn't among the known ones. */
export function hasUnknownParameters(url: string, known: readonly string[]): boolean {
  const query = url.split("#", 1)[0]?.split("?").slice(1).join("?") ?? "";
  return [...new URLSearchParams(query).keys()].some((name) => !known.includes(name));
}

/**
 * Throws `invalid_parameter` if a URL has a query parameter that its route doesn't know (P64). The error doesn't repeat
 * the parameter's name, because a client may have put a token there.
 */
export function refuseUnknownParameters(url: string, known: readonly string[]): void {
  if (!hasUnknownParameters(url, known)) return;
  const message =
    known.length === 0
      ? "This route has no query parameters. Remove them."
      : `Only these query parameters exist here: ${known.join(", ")}.`;
  throw new ChatError("invalid_parameter", { message });
}
