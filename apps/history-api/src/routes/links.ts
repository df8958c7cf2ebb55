import type { Page } from "../queries/history.ts";
import type { PageQuery } from "./query.ts";

/**
 * The Link header of a page (P51), or undefined where it leads nowhere: addresses relative to the server, `prev` is
 * older and `next` newer. In the direction of reading a link says that there is more; the other one is given where
 * the page has a bound on that side, since that is where its reader came from.
 */
export function linksOf(
  path: string,
  as: string | undefined,
  { limit, before, after }: PageQuery,
  { messages, next }: Page,
): string | undefined {
  const first = messages.at(0)?.id;
  const last = messages.at(-1)?.id;
  const forwards = after !== undefined;
  const older = forwards ? first : next;
  const newer = forwards ? next : before === undefined ? undefined : last;
  const links = [
    older && link(path, { limit: String(limit), before: older, ...(as && { as }) }, "prev"),
    newer && link(path, { limit: String(limit), after: newer, ...(as && { as }) }, "next"),
  ].filter((part) => part !== undefined);
  return links.length > 0 ? links.join(", ") : undefined;
}

function link(path: string, query: Record<string, string>, rel: "prev" | "next"): string {
  return `<${path}?${new URLSearchParams(query)}>; rel="${rel}"`;
}
