import type { Message } from "@parley/client";

/** The first index whose id is not before `id`; ids sort as text. */
export function indexOf(messages: readonly Message[], id: string): number {
  let low = 0;
  for (let high = messages.length; low < high; ) {
    const middle = (low + high) >> 1;
    if ((messages[middle]?.id ?? "") < id) low = middle + 1;
    else high = middle;
  }
  return low;
}
