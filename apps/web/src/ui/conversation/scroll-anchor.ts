/** A row and its place on the screen. Restoring it keeps the row in place while rows are added or removed above. */
export interface ScrollAnchor {
  readonly id: string;
  /** The row's distance from the scroller's upper edge, in pixels. */
  readonly top: number;
}

/** The distance from its end, in pixels, within which a list is treated as scrolled to the end. */
const BOTTOM_PX = 40;

/** The distance from the upper or lower end, in pixels, within which more rows are added at that end. */
const NEAR_PX = 600;

export function isNearTop({ scrollTop }: HTMLElement): boolean {
  return scrollTop < NEAR_PX;
}

export function isNearBottom({ scrollHeight, scrollTop, clientHeight }: HTMLElement): boolean {
  return scrollHeight - scrollTop - clientHeight < NEAR_PX;
}

export function isAtBottom({ scrollHeight, scrollTop, clientHeight }: HTMLElement): boolean {
  return scrollHeight - scrollTop - clientHeight < BOTTOM_PX;
}

/** Returns the first visible row as an anchor. */
export function anchorIn(scroller: HTMLElement): ScrollAnchor | undefined {
  const edge = scroller.getBoundingClientRect().top;
  for (const row of scroller.querySelectorAll<HTMLElement>("[data-id]")) {
    const { top, bottom } = row.getBoundingClientRect();
    if (bottom > edge && row.dataset.id) return { id: row.dataset.id, top: top - edge };
  }
  return undefined;
}

/**
 * Returns the id of the newest message on the screen. At least half of its row is visible, or as much as fits on half of the
 * screen. Undefined if there is none.
 */
export function newestOnScreen(scroller: HTMLElement): string | undefined {
  const { top: upper, bottom: lower, height } = scroller.getBoundingClientRect();
  const rows = [...scroller.querySelectorAll<HTMLElement>("[data-id]")];
  return rows.findLast((row) => {
    const { top, bottom, height: rowHeight } = row.getBoundingClientRect();
    return top + Math.min(rowHeight, height) / 2 <= lower && bottom > upper;
  })?.dataset.id;
}

/** Scrolls the anchor's row back to its place. Without an anchor, scrolls to the end. */
export function restoreScroll(scroller: HTMLElement | null, anchor: ScrollAnchor | undefined): void {
  if (!scroller) return;
  if (!anchor) {
    scroller.scrollTop = scroller.scrollHeight;
    return;
  }
  const row = scroller.querySelector<HTMLElement>(`[data-id="${CSS.escape(anchor.id)}"]`);
  if (!row) return;
  const now = row.getBoundingClientRect().top - scroller.getBoundingClientRect().top;
  scroller.scrollTop += now - anchor.top;
}
