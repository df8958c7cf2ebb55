import { Deadline } from "../limits/deadline.ts";

/** A deadline that no test reaches, for reads without a request. */
export function noDeadline(): Deadline {
  const deadline = new Deadline({
    ms: 600_000,
    closed: new AbortController().signal,
    onLate: () => undefined,
  });
  deadline.clear();
  return deadline;
}
