import type { Page } from "../queries/merged-page.ts";
import type { PageQuery } from "./query.ts";

/**
 * The `Link` header of a page, or undefined if there is nothing to link to (P51). URLs are relative to the server.
 * `prev` leads to older messages, `next` to newer ones.
 *
 * A link in the direction of reading means that there are more messages. A link in the other direction is present if
 * the query has a bound on that side, because the client came from there.
 */
export function linksOf(
  path: string,
  as: string | undefined,
  { limit, before, after }: PageQuery,
  { messages, next }: Page,
): string | undefined {
  const first = messages.at(0)?.id;
  const last = messages.at(-1)?.id;
  const isForward = after !== undefined;
  const older = isForward ? first : next;
  const newer = isForward ? next : before === undefined ? undefined : last;
  const links = [
    older && link(path, { limit: String(limit), before: older, ...(as && { as }) }, "prev"),
    newer && link(path, { limit: String(limit), after: newer, ...(as && { as }) }, "next"),
  ].filter((part) => part !== undefined);
  return links.length > 0 ? links.join(", ") : undefined;
}

function link(path: string, query: Record<string, string>, rel: "prev" | "next"): string {
  return `<${path}?${new URLSearchParams(query)}>; rel="${rel}"`;
}
