import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteStore } from "@parley/store/sqlite";
import { afterAll } from "vitest";
import { storeContract } from "./contract.ts";

const root = mkdtempSync(join(tmpdir(), "parley-store-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

storeContract("SQLite", (place) => openSqliteStore({ dir: join(root, place) }));
