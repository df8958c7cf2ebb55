import type { Page } from "../queries/merged-page.ts";
import type { RangeQuery } from "./query.ts";

/** The query of a page, and the end from which it was read. */
export interface LinkedPage extends RangeQuery {
  readonly limit: number;
  readonly as: string | undefined;
  readonly newest: boolean;
}

/**
 * The `Link` header of a page, or undefined if there is nothing to link to (P51). URLs are relative to the server.
 * `prev` leads to older messages, `next` to newer ones. Both stay between the same times (P64).
 *
 * A link in the direction of reading means that there are more messages. A link in the other direction is present if
 * the query has an id as bound on that side, because the client came from there.
 */
export function linksOf(
  path: string,
  { limit, before, after, since, until, as, newest }: LinkedPage,
  { messages, next }: Page,
): string | undefined {
  const first = after === undefined ? undefined : messages.at(0)?.id;
  const last = before === undefined ? undefined : messages.at(-1)?.id;
  const older = newest ? next : first;
  const newer = newest ? last : next;
  const times = { ...(since !== undefined && { since }), ...(until !== undefined && { until }) };
  const rest = { ...times, ...(as !== undefined && { as }) };
  const links = [
    older && link(path, { limit: String(limit), before: older, ...rest }, "prev"),
    newer && link(path, { limit: String(limit), after: newer, ...rest }, "next"),
  ].filter((part) => part !== undefined);
  return links.length > 0 ? links.join(", ") : undefined;
}

function link(path: string, query: Record<string, string>, rel: "prev" | "next"): string {
  return `<${path}?${new URLSearchParams(query)}>; rel="${rel}"`;
}
