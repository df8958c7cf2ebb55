import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createDocuments } from "@parley/documents";
import { APPS } from "./apps.ts";
import { withTables } from "./configuration.ts";

/** Regenerates the parts of docs/ that come from the code. Run it with `npx pnpm@12 run docs`. */
const docs = join(import.meta.dirname, "../../../docs");
const { openapi, asyncapi } = createDocuments();
writeFileSync(join(docs, "openapi.json"), openapi);
writeFileSync(join(docs, "asyncapi.json"), asyncapi);
const configuration = join(docs, "configuration.md");
writeFileSync(configuration, withTables(readFileSync(configuration, "utf8"), APPS));
