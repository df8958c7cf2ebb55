import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createDocuments } from "@parley/documents";
import { MONITORING_FILES } from "@parley/monitoring";
import { APPS } from "./apps.ts";
import { withTables } from "./configuration.ts";

/** Regenerates the files of docs/ and deploy/monitoring that come from the code. Run it with `npx pnpm@12 run docs`. */
const root = join(import.meta.dirname, "../../..");
const docs = join(root, "docs");
const { openapi, asyncapi } = createDocuments();
writeFileSync(join(docs, "openapi.json"), openapi);
writeFileSync(join(docs, "asyncapi.json"), asyncapi);
const configuration = join(docs, "configuration.md");
writeFileSync(configuration, withTables(readFileSync(configuration, "utf8"), APPS));
for (const [name, content] of Object.entries(MONITORING_FILES))
  writeFileSync(join(root, "deploy/monitoring", name), content());
