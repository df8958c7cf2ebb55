import type { IncomingMessage } from "node:http";

export interface Route {
  readonly path: string;
  readonly app: "gateway" | "history-api";
  /** Whether what stands below the path belongs to it too. */
  readonly prefix: boolean;
}

/** The one table of public routes: standalone, the local front and the test of the proxy's config are made from it. */
export const ROUTES: readonly Route[] = [
  { path: "/ws", app: "gateway", prefix: false },
  { path: "/auth/token", app: "gateway", prefix: false },
  { path: "/assets", app: "gateway", prefix: true },
  { path: "/messages", app: "history-api", prefix: true },
  { path: "/conversations", app: "history-api", prefix: false },
  { path: "/sync", app: "history-api", prefix: false },
  { path: "/docs", app: "history-api", prefix: false },
  { path: "/openapi.json", app: "history-api", prefix: false },
  { path: "/asyncapi.json", app: "history-api", prefix: false },
];

/** The path of a request as it was sent, without query and fragment. */
export function pathOf(req: IncomingMessage): string {
  return (req.url ?? "/").replace(/[?#].*$/s, "");
}

/** The app that serves a path as it stands in a URL, without its query; undefined for none. */
export function appFor(pathname: string): Route["app"] | undefined {
  return ROUTES.find(({ path, prefix }) => pathname === path || (prefix && pathname.startsWith(`${path}/`)))
    ?.app;
}
