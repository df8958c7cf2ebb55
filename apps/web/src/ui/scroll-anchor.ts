/** A row and where on the screen it stood: what is read stays there while rows come and go above it. */
export interface Anchor {
  readonly id: string;
  /** From the upper edge of the scroller, in pixels. */
  readonly top: number;
}

/** So near to the end counts as at the end, in pixels. */
const BOTTOM_PX = 40;

/** This near to an end of what is in the document, in pixels, more of it is put there. */
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

/** The first row that can be seen. */
export function anchorIn(scroller: HTMLElement): Anchor | undefined {
  const edge = scroller.getBoundingClientRect().top;
  for (const row of scroller.querySelectorAll<HTMLElement>("[data-id]")) {
    const { top, bottom } = row.getBoundingClientRect();
    if (bottom > edge && row.dataset.id) return { id: row.dataset.id, top: top - edge };
  }
  return undefined;
}

/** Without an anchor: to the end. */
export function restore(scroller: HTMLElement | null, anchor: Anchor | undefined): void {
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
