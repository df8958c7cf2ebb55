import type { LogMessage } from "@parley/models";
import type { InsertOutcome } from "@parley/store";
import { idAt, messageAt } from "./messages.ts";

export const STORED = { kind: "stored" } as const;

/** `given` to a store that has `kept` already. */
export interface Case {
  readonly rule: string;
  readonly kept: readonly LogMessage[];
  readonly given: LogMessage;
  readonly outcome: InsertOutcome;
}

export const bob = messageAt(1, { to: "bob", content: "hi", ref: "r1" });
const bare = messageAt(1, { to: "bob", content: "hi" });

/** L13: what becomes of a message whose id or ref is taken. None of these adds anything. */
export const CASES: readonly Case[] = [
  { rule: "the same again is stored", kept: [bob], given: bob, outcome: STORED },
  { rule: "the same again without a ref is stored", kept: [bare], given: bare, outcome: STORED },
  {
    rule: "the same ref and content under another id is a duplicate of the first",
    kept: [bob],
    given: { ...bob, id: idAt(2) },
    outcome: { kind: "duplicateOf", id: idAt(1) },
  },
  {
    rule: "a duplicate may have the smaller id",
    kept: [bob],
    given: { ...bob, id: idAt(0) },
    outcome: { kind: "duplicateOf", id: idAt(1) },
  },
  {
    rule: "the same ref with other content is refused, with the id it stands for",
    kept: [bob],
    given: { ...bob, id: idAt(2), content: "ho" },
    outcome: { kind: "refReused", id: idAt(1) },
  },
  {
    rule: "the same id with other content is a conflict",
    kept: [bare],
    given: { ...bare, content: "ho" },
    outcome: { kind: "idConflict" },
  },
  {
    rule: "the same id from another sender is a conflict",
    kept: [bare],
    given: { ...bare, from: "carol" },
    outcome: { kind: "idConflict" },
  },
  {
    rule: "the same id to another recipient is a conflict",
    kept: [bare],
    given: { ...bare, to: "" },
    outcome: { kind: "idConflict" },
  },
  {
    rule: "the same id and content in the other direction is a conflict",
    kept: [bare],
    given: { ...bare, from: "bob", to: "alice" },
    outcome: { kind: "idConflict" },
  },
  {
    rule: "the same id and content under another ref is another message",
    kept: [bob],
    given: { ...bob, ref: "r2" },
    outcome: { kind: "idConflict" },
  },
  {
    rule: "the same id and content without the ref is another message",
    kept: [bob],
    given: bare,
    outcome: { kind: "idConflict" },
  },
  {
    rule: "the same id and content with a ref that nothing has is another message",
    kept: [bare],
    given: bob,
    outcome: { kind: "idConflict" },
  },
  {
    rule: "a message that was kept without its ref, because that was taken, is stored",
    kept: [{ ...bob, id: idAt(0), content: "ho" }, bare],
    given: bob,
    outcome: STORED,
  },
  {
    rule: "where the id is another's and the ref's content the same, it is kept under the ref",
    kept: [messageAt(2, { content: "other" }), bob],
    given: { ...bob, id: idAt(2) },
    outcome: { kind: "duplicateOf", id: idAt(1) },
  },
  {
    rule: "where the id is another's and so is the ref, the ref is refused",
    kept: [messageAt(2, { content: "other" }), bob],
    given: { ...bob, id: idAt(2), content: "ho" },
    outcome: { kind: "refReused", id: idAt(1) },
  },
];

/** What a ref that is kept for alice and bob does not stand for. */
export const FRESH: readonly { rule: string; given: LogMessage }[] = [
  { rule: "another sender's", given: { ...bob, id: idAt(2), from: "bob", to: "alice" } },
  { rule: "another conversation's", given: { ...bob, id: idAt(2), to: "carol" } },
  { rule: "the public room's", given: { ...bob, id: idAt(2), to: "" } },
  { rule: "one that differs in case", given: { ...bob, id: idAt(2), ref: "R1" } },
  { rule: "none at all", given: { ...bare, id: idAt(2) } },
];
