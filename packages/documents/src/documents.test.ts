import { readFileSync } from "node:fs";
import { join } from "node:path";
import specs from "@asyncapi/specs";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv, type AnySchema } from "ajv";
import addFormats from "ajv-formats";
import { expect, it } from "vitest";
import { createDocuments } from "./index.ts";

const made = createDocuments();
const committed = (file: string) => readFileSync(join(import.meta.dirname, "../../../docs", file), "utf8");

it.each(["openapi", "asyncapi"] as const)(
  "docs/%s.json matches the schemas (to update it, run npx pnpm@12 run docs)",
  (name) => {
    expect(committed(`${name}.json`)).toBe(made[name]);
  },
);

it("openapi.json is valid OpenAPI 3.1", async () => {
  const validator = new Validator();
  const result = await validator.validate(JSON.parse(made.openapi));
  expect(result).toMatchObject({ valid: true });
  expect(validator.version).toBe("3.1");
});

it("asyncapi.json is valid AsyncAPI 3", () => {
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats.default(ajv);
  const validate = ajv.compile(specs.schemasWithoutId["3.0.0"] as AnySchema);
  validate(JSON.parse(made.asyncapi));
  expect(validate.errors).toBeNull();
});

it.each(["openapi", "asyncapi"] as const)("every reference in %s.json resolves", (name) => {
  const document = JSON.parse(made[name]);
  const references = [...made[name].matchAll(/"\$ref": "#\/([^"]+)"/g)].map(([, path = ""]) => path);
  expect(references.length).toBeGreaterThan(10);
  for (const path of references) {
    const found = path.split("/").reduce((at, part) => at?.[part], document);
    expect(found, path).toBeDefined();
  }
});

it("the page has no script and loads nothing from other hosts", () => {
  expect(made.html).not.toMatch(/<script|<link|<img|<iframe|@import|url\(|\son\w+=/i);
  for (const [, target = ""] of made.html.matchAll(/(?:href|src)="([^"]*)"/g))
    expect(target).toMatch(/^[#/][^/]/);
});

it("the page's internal links resolve", () => {
  const ids = new Set([...made.html.matchAll(/id="([^"]+)"/g)].map(([, id]) => id));
  for (const [, target] of made.html.matchAll(/href="#([^"]+)"/g)) expect(ids).toContain(target);
});
