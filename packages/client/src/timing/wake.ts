/** The events after which a page may find itself awake again, or on another network. */
const WINDOW_EVENTS = ["online", "pageshow"];
const DOCUMENT_EVENTS = ["visibilitychange", "resume"];

/**
 * Calls `listener` when the platform reports that the page is awake or that the network is back. A browser delays the
 * timers of a hidden page by minutes, so whoever waits for a timer also looks at the clock then. Returns a function
 * that ends this. Does nothing on a platform without such events, for example Node.
 */
export function onWake(listener: () => void): () => void {
  const { document } = globalThis as { document?: Partial<EventTarget> };
  const sources: [Partial<EventTarget> | undefined, string[]][] = [
    [globalThis as Partial<EventTarget>, WINDOW_EVENTS],
    [document, DOCUMENT_EVENTS],
  ];
  const each = (method: "addEventListener" | "removeEventListener") => {
    for (const [target, events] of sources) for (const event of events) target?.[method]?.(event, listener);
  };
  each("addEventListener");
  return () => each("removeEventListener");
}
