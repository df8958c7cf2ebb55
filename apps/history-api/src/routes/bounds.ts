import { idAtTime, idBeforeTime, laterOf, parseTime } from "@parley/models";
import type { RangeQuery } from "./query.ts";

/** The part of a conversation that a request is for. Both ids are exclusive. */
export interface Bounds {
  readonly after: string | undefined;
  readonly before: string | undefined;
  /** True if a page is read from the upper end, false if it is read from the lower end. */
  readonly newest: boolean;
}

/**
 * Returns the bounds of a range. A time is a position, so an id and a time on the same side are two bounds, and the
 * narrower one counts. A page begins at `after` or ends at `before`. With neither it begins at `since`, and without that
 * it is the newest one (P51, P64).
 */
export function boundsOf({ after, before, since, until }: RangeQuery): Bounds {
  const [from, to] = [msOf(since), msOf(until)];
  return {
    after: from === undefined ? after : laterOf(after ?? "", idBeforeTime(from)),
    before: to === undefined ? before : earlierOf(before, idAtTime(to)),
    newest: after === undefined && (before !== undefined || since === undefined),
  };
}

/** The schema has checked that the text is a time. */
function msOf(time: string | undefined): number | undefined {
  return time === undefined ? undefined : parseTime(time);
}

function earlierOf(a: string | undefined, b: string): string {
  return a !== undefined && a < b ? a : b;
}
