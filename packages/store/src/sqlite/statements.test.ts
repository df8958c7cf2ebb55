import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { expect, it } from "vitest";
import { migrate } from "./schema.ts";
import * as sql from "./statements.ts";

const db = new DatabaseSync(":memory:");
migrate(db, "memory");

function planOf(statement: string, ...values: SQLInputValue[]): string[] {
  return detailsOf(db.prepare(`EXPLAIN QUERY PLAN ${statement}`).all(...values));
}

function detailsOf(rows: Record<string, unknown>[]): string[] {
  return rows.map(({ detail }) => String(detail));
}

it("P51: a page reads one index range in order, without sorting", () => {
  const range = "SEARCH messages USING INDEX messages_conversation (conversation=? AND id>? AND id<?)";
  const { OLDEST, NEWEST, OLDEST_WITHOUT_CONTENT, NEWEST_WITHOUT_CONTENT } = sql;
  for (const statement of [OLDEST, NEWEST, OLDEST_WITHOUT_CONTENT, NEWEST_WITHOUT_CONTENT])
    expect(planOf(statement, "c", "", "~", 10)).toEqual([range]);
});

it("P53: sync merges three index ranges, without sorting or reading beyond the limit", () => {
  const statement = db.prepare(`EXPLAIN QUERY PLAN ${sql.SYNC}`);
  const plan = detailsOf(statement.all({ user: "u", after: "", before: "~", limit: 10 }));
  expect(plan.filter((step) => step.startsWith("SEARCH"))).toEqual([
    "SEARCH messages USING INDEX sqlite_autoindex_messages_1 (id=?)",
    "SEARCH messages USING COVERING INDEX messages_to (to=? AND id>? AND id<?)",
    "SEARCH messages USING COVERING INDEX messages_from (from=? AND id>? AND id<?)",
    "SEARCH messages USING COVERING INDEX messages_to (to=? AND id>? AND id<?)",
  ]);
  expect(plan.filter((step) => step === "MERGE (UNION)")).toHaveLength(2);
  expect(plan.filter((step) => /SCAN|TEMP B-TREE/.test(step))).toEqual([]);
});

it("P63: the feed reads one range of ids, in order, without sorting", () => {
  expect(planOf(sql.FEED, "", "~", 10)).toEqual([
    "SEARCH messages USING INDEX sqlite_autoindex_messages_1 (id>? AND id<?)",
  ]);
  const range = { after: "", before: "~" };
  const plan = db.prepare(`EXPLAIN QUERY PLAN ${sql.CHANGE_IDS}`).all(range);
  expect(detailsOf(plan)).toEqual(["SEARCH changes USING PRIMARY KEY (id>? AND id<?)"]);
});

it("P57: conversations merge two index ranges, without sorting or reading beyond the limit", () => {
  const statement = db.prepare(`EXPLAIN QUERY PLAN ${sql.LAST_MESSAGE_IDS}`);
  const plan = detailsOf(statement.all({ user: "u", before: "~", limit: 10 }));
  expect(plan.filter((step) => step.startsWith("SEARCH"))).toEqual([
    "SEARCH conversations USING COVERING INDEX conversations_one (one=? AND last<?)",
    "SEARCH conversations USING COVERING INDEX conversations_other (other=? AND last<?)",
  ]);
  expect(plan.filter((step) => step === "MERGE (UNION)")).toHaveLength(1);
  expect(plan.filter((step) => /SCAN|TEMP B-TREE/.test(step))).toEqual([]);
});

it("L13: stored messages with the same id or ref are found by an index", () => {
  expect(planOf(sql.BY_ID, "i")).toEqual(["SEARCH messages USING INDEX sqlite_autoindex_messages_1 (id=?)"]);
  expect(planOf(sql.BY_REF, "c", "f", "r")).toEqual([
    "SEARCH messages USING INDEX messages_ref (conversation=? AND from=? AND ref=?)",
  ]);
  expect(planOf(sql.LAST_ID).filter((line) => /SEARCH|SCAN/.test(line))).toEqual([
    "SEARCH messages USING COVERING INDEX sqlite_autoindex_messages_1",
    "SEARCH aliases USING PRIMARY KEY",
    "SEARCH changes USING PRIMARY KEY",
    "SEARCH marks USING COVERING INDEX marks_id",
    expect.stringContaining("subquery"),
  ]);
});

it("L27: a mark and a sent message are found by primary keys", () => {
  const values = { user: "u", other: "o", conversation: "o:u", first: 0 };
  const plan = detailsOf(db.prepare(`EXPLAIN QUERY PLAN ${sql.FIND_MARK}`).all(values));
  expect(plan.filter((step) => /^(SEARCH|SCAN) [a-z]/.test(step))).toEqual([
    "SEARCH marks USING PRIMARY KEY (user=? AND other=?)",
    "SEARCH conversations USING PRIMARY KEY (conversation=?)",
  ]);
});

it("P75: changes are read from index ranges, in order, without sorting", () => {
  const planOfNamed = (statement: string, values: Record<string, SQLInputValue>) =>
    detailsOf(db.prepare(`EXPLAIN QUERY PLAN ${statement}`).all(values));
  const range = { after: "", before: "~" };
  expect(planOfNamed(sql.CHANGE_IDS_OF_CONVERSATION, { conversation: "c", ...range })).toEqual([
    "SEARCH changes USING COVERING INDEX changes_conversation (conversation=? AND id>? AND id<?)",
  ]);
  const plan = planOfNamed(sql.CHANGE_IDS_OF_USER, { user: "u", ...range });
  expect(plan.filter((step) => step.startsWith("SEARCH"))).toEqual([
    "SEARCH changes USING COVERING INDEX changes_to (to=? AND id>? AND id<?)",
    "SEARCH changes USING COVERING INDEX changes_from (from=? AND id>? AND id<?)",
    "SEARCH changes USING COVERING INDEX changes_to (to=? AND id>? AND id<?)",
  ]);
  expect(plan.filter((step) => /SCAN|TEMP B-TREE/.test(step))).toEqual([]);
  expect(planOf(sql.CHANGE_BY_REF, "c", "r", "u")).toEqual([
    "SEARCH changes USING INDEX changes_ref (conversation=? AND ref=?)",
  ]);
});
