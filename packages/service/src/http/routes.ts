import type { IncomingMessage } from "node:http";

/** A public path and the app that serves it. */
export interface Route {
  readonly path: string;
  readonly app: "gateway" | "history-api";
  /** True if the app also serves all paths below this one. */
  readonly prefix: boolean;
}

/** All public routes. Standalone, the local front and the test of the proxy's configuration use this table. */
export const ROUTES: readonly Route[] = [
  { path: "/ws", app: "gateway", prefix: false },
  { path: "/send", app: "gateway", prefix: false },
  { path: "/auth/token", app: "gateway", prefix: false },
  { path: "/assets", app: "gateway", prefix: true },
  { path: "/messages", app: "history-api", prefix: true },
  { path: "/message", app: "history-api", prefix: true },
  { path: "/conversations", app: "history-api", prefix: false },
  { path: "/sync", app: "history-api", prefix: false },
  { path: "/feed", app: "history-api", prefix: false },
  { path: "/docs", app: "history-api", prefix: false },
  { path: "/openapi.json", app: "history-api", prefix: false },
  { path: "/asyncapi.json", app: "history-api", prefix: false },
];

/** Returns the public routes as text, one on each line, with the app that serves it. */
export function routeList(): string {
  return ROUTES.map(({ path, app }) => `${path.padEnd(16)}${app}`).join("\n");
}

/** Returns the path of a request as sent, without query and fragment. */
export function pathOf(req: IncomingMessage): string {
  return (req.url ?? "/").replace(/[?#].*$/s, "");
}

/** Returns the app that serves a URL path (without query), or undefined if none does. */
export function appFor(pathname: string): Route["app"] | undefined {
  return ROUTES.find(({ path, prefix }) => pathname === path || (prefix && pathname.startsWith(`${path}/`)))
    ?.app;
}
