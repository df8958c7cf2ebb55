/** The open conversation. The URL's hash contains it, so that a reload and the back button work as expected. */
export type Route = { readonly partner: string | undefined };

/** Parses `#/room` and `#/with/bob`. Any other hash shows the list only. */
export function routeOf(hash: string): Route {
  if (hash === "#/room") return { partner: "" };
  const encoded = /^#\/with\/([^/]+)$/.exec(hash)?.[1];
  try {
    return { partner: encoded === undefined ? undefined : decodeURIComponent(encoded) };
  } catch {
    return { partner: undefined };
  }
}

export function hashOf(partner: string): string {
  return partner === "" ? "#/room" : `#/with/${encodeURIComponent(partner)}`;
}
