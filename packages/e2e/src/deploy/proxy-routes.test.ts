import { readFileSync } from "node:fs";
import { join } from "node:path";
import { appFor, ROUTES } from "@parley/service";
import { describe, expect, it } from "vitest";

const config = readFileSync(
  join(import.meta.dirname, "../../../../deploy/proxy/nginx.conf.template"),
  "utf8",
);

interface Location {
  /** True for `=`, which matches only this path. Otherwise the location matches every path with this prefix. */
  readonly isExact: boolean;
  readonly path: string;
  readonly app: string;
}

/** The locations of the config. A location in another notation isn't found, and then the first test below fails. */
const locations: readonly Location[] = [
  ...config.matchAll(
    /^\s*location (= |\^~ |)(\/\S*)\s+\{ set \$app (\S+);\s+proxy_pass http:\/\/\$upstream; \}$/gm,
  ),
].map(([, modifier = "", path = "", app = ""]) => ({ isExact: modifier === "= ", path, app }));

/** Chooses a location as nginx does without regular expressions: the exact one, else the longest prefix. */
function proxied(pathname: string): string | undefined {
  const exact = locations.find((location) => location.isExact && location.path === pathname);
  if (exact) return exact.app;
  const prefixes = locations.filter(({ isExact, path }) => !isExact && pathname.startsWith(path));
  return prefixes.sort((a, b) => b.path.length - a.path.length)[0]?.app;
}

/** The paths in the table of routes, and paths that are similar to them. */
const paths = ROUTES.flatMap(({ path }) => [
  path,
  `${path}/`,
  `${path}/bob`,
  `${path}/bob/x`,
  `${path}x`,
  path.slice(0, -1),
  `/x${path}`,
]);

describe("the reverse proxy", () => {
  it("has only locations that this test understands, and those that only nginx itself uses", () => {
    expect(locations).toHaveLength(config.match(/^\s*location [^@]/gm)?.length ?? 0);
    expect(config).not.toMatch(/\blocation\s+~/);
  });

  it.each([...new Set(paths)])("%s goes to the app in the table of routes", (path) => {
    // Paths that aren't in the table go to a gateway, which answers 404.
    expect(proxied(path)).toBe(appFor(path) ?? "gateway");
  });

  it("/ is answered by a gateway", () => {
    expect(proxied("/")).toBe("gateway");
  });
});
