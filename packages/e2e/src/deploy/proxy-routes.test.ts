import { readFileSync } from "node:fs";
import { join } from "node:path";
import { appFor, ROUTES } from "@parley/service";
import { describe, expect, it } from "vitest";

const config = readFileSync(join(import.meta.dirname, "../../../../deploy/proxy/nginx.conf"), "utf8");

interface Location {
  /** `=`: this path alone; otherwise whatever begins with it. */
  readonly exact: boolean;
  readonly path: string;
  readonly app: string;
}

/** The config's locations. One that is written otherwise than the others is not found, and the first test fails. */
const locations: readonly Location[] = [
  ...config.matchAll(
    /^\s*location (= |\^~ |)(\/\S*)\s+\{ set \$app (\S+);\s+proxy_pass http:\/\/\$app:8080; \}$/gm,
  ),
].map(([, modifier = "", path = "", app = ""]) => ({ exact: modifier === "= ", path, app }));

/** As nginx chooses among locations without regular expressions: the exact one, else the longest beginning. */
function proxied(pathname: string): string | undefined {
  const exact = locations.find((location) => location.exact && location.path === pathname);
  if (exact) return exact.app;
  const beginnings = locations.filter(({ exact, path }) => !exact && pathname.startsWith(path));
  return beginnings.sort((a, b) => b.path.length - a.path.length)[0]?.app;
}

/** What the table names, and what stands right beside it. */
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
  it("every location of its config is understood here", () => {
    expect(locations).toHaveLength(config.match(/^\s*location\b/gm)?.length ?? 0);
    expect(config).not.toMatch(/\blocation\s+~/);
  });

  it.each([...new Set(paths)])("%s goes where the table of routes says", (path) => {
    // What the table does not know is for a gateway, which says that there is nothing.
    expect(proxied(path)).toBe(appFor(path) ?? "gateway");
  });

  it("/ is answered by a gateway, which says what is served where", () => {
    expect(proxied("/")).toBe("gateway");
  });
});
