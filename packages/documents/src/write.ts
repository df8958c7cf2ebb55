import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createDocuments } from "./index.ts";

/** `npx pnpm@12 run docs`: writes docs/openapi.json and docs/asyncapi.json anew. */
const docs = join(import.meta.dirname, "../../../docs");
const { openapi, asyncapi } = createDocuments();
writeFileSync(join(docs, "openapi.json"), openapi);
writeFileSync(join(docs, "asyncapi.json"), asyncapi);
