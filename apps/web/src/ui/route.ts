/** What is on the screen, in the address: so a reload and the back button do what people expect. */
export type Route = { readonly partner: string | undefined };

/** `#/room`, `#/with/bob`; anything else shows the list alone. */
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
