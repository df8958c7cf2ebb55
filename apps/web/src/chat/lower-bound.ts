import type { Message } from "@parley/client";

/**
 * Returns the index of the first message whose id isn't before `id`. The messages are sorted; ids compare as text.
 */
export function lowerBound(messages: readonly Message[], id: string): number {
  let low = 0;
  for (let high = messages.length; low < high; ) {
    const middle = (low + high) >> 1;
    if ((messages[middle]?.id ?? "") < id) low = middle + 1;
    else high = middle;
  }
  return low;
}
