import { idAtTime, idBeforeTime, laterOf, ORIGIN, parseTime } from "@parley/models";
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

/** The part of the feed that a request is for: after both `after` and `since`, up to and including `upTo`. */
export interface FeedBounds {
  /** The cursor from which the consumer goes on. */
  readonly after: string;
  readonly since: string;
  readonly upTo: string | undefined;
}

/** Returns the bounds of a range of the feed (P63, P64). */
export function feedBoundsOf({ after = ORIGIN, since, until }: Omit<RangeQuery, "before">): FeedBounds {
  const [from, to] = [msOf(since), msOf(until)];
  return {
    after,
    since: from === undefined ? ORIGIN : idBeforeTime(from),
    upTo: to === undefined ? undefined : idBeforeTime(to),
  };
}

/** The schema has checked that the text is a time. */
function msOf(time: string | undefined): number | undefined {
  return time === undefined ? undefined : parseTime(time);
}

function earlierOf(a: string | undefined, b: string): string {
  return a !== undefined && a < b ? a : b;
}
