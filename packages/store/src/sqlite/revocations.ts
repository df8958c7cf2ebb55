import type { DatabaseSync } from "node:sqlite";
import type { RevocationEntry } from "@parley/models";
import type { StoredRevocations } from "../store.ts";
import { inTransaction } from "./transaction.ts";

type Run = <T>(operation: "keepRevocations" | "revocations", run: () => T) => Promise<T>;

const KEEP = `INSERT INTO revocations (kind, "user", change, value) VALUES (?, ?, ?, ?)
  ON CONFLICT (kind, "user") DO UPDATE SET change = excluded.change, value = excluded.value
  WHERE excluded.change > change`;
const ALL = `SELECT kind, "user", change, value FROM revocations`;

/** The revocations in a database (L26). */
export function sqliteRevocations(db: DatabaseSync, run: Run): StoredRevocations {
  const keep = db.prepare(KEEP);
  const all = db.prepare(ALL);
  return {
    keep: (entries) =>
      run("keepRevocations", () =>
        inTransaction(db, () => {
          for (const { kind, user, change, value } of entries) keep.run(kind, user, change, value);
        }),
      ),
    all: () =>
      run("revocations", () =>
        all.all().map(
          ({ kind, user, change, value }): RevocationEntry => ({
            kind: kind === "tokens" ? "tokens" : "user",
            user: String(user),
            change: Number(change),
            value: Number(value),
          }),
        ),
      ),
  };
}
