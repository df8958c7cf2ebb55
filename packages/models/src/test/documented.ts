import { readFileSync } from "node:fs";
import { join } from "node:path";

interface Response {
  readonly description: string;
}
type Operation = { readonly responses: Readonly<Record<string, Response>> };

const FILE = join(import.meta.dirname, "../../../../docs/openapi.json");
const { paths } = JSON.parse(readFileSync(FILE, "utf8")) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
};

/** Throws if a route may answer with an error, but the OpenAPI document doesn't list its code for this route. */
export function assertDocumented(method: string, url: string, code: unknown): void {
  const [path = ""] = url.split("?");
  const template = Object.keys(paths).find((each) => matches(each.split("/"), path.split("/")));
  const operation = paths[template ?? ""]?.[method.toLowerCase()];
  if (!operation) return;
  const texts = Object.values(operation.responses).map(({ description }) => description);
  if (!texts.some((text) => text.includes(`\`${code}\``)))
    throw new Error(`docs/openapi.json lacks the error ${code} of ${method} ${template}`);
}

function matches(template: readonly string[], path: readonly string[]): boolean {
  if (template.length !== path.length) return false;
  return template.every((part, at) => (part.startsWith("{") ? path[at] !== "" : part === path[at]));
}
