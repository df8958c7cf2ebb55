import type { LogMessage } from "@parley/models";
import type { InsertOutcome } from "@parley/store";
import { idAt, messageAt } from "./messages.ts";

export const STORED = { kind: "stored" } as const;

/** A message to insert into a store that already contains `existing`, and the expected outcome. */
export interface Collision {
  readonly rule: string;
  readonly existing: readonly LogMessage[];
  readonly message: LogMessage;
  readonly outcome: InsertOutcome;
}

export const bob = messageAt(1, { to: "bob", content: "hi", ref: "r1" });
const bare = messageAt(1, { to: "bob", content: "hi" });

/**
 * L13: messages whose id or ref is already in the store, with their outcomes. None of these inserts adds a message.
 */
export const COLLISIONS: readonly Collision[] = [
  { rule: "the same message again is stored", existing: [bob], message: bob, outcome: STORED },
  {
    rule: "the same message again, without a ref, is stored",
    existing: [bare],
    message: bare,
    outcome: STORED,
  },
  {
    rule: "the same ref and content under another id is a duplicate of the first",
    existing: [bob],
    message: { ...bob, id: idAt(2) },
    outcome: { kind: "duplicateOf", id: idAt(1) },
  },
  {
    rule: "a duplicate may have the smaller id",
    existing: [bob],
    message: { ...bob, id: idAt(0) },
    outcome: { kind: "duplicateOf", id: idAt(1) },
  },
  {
    rule: "the same ref with other content is refused, with the id of the existing message",
    existing: [bob],
    message: { ...bob, id: idAt(2), content: "ho" },
    outcome: { kind: "refReused", id: idAt(1) },
  },
  {
    rule: "the same id with other content is a conflict",
    existing: [bare],
    message: { ...bare, content: "ho" },
    outcome: { kind: "idConflict" },
  },
  {
    rule: "the same id from another sender is a conflict",
    existing: [bare],
    message: { ...bare, from: "carol" },
    outcome: { kind: "idConflict" },
  },
  {
    rule: "the same id to another recipient is a conflict",
    existing: [bare],
    message: { ...bare, to: "" },
    outcome: { kind: "idConflict" },
  },
  {
    rule: "the same id and content in the other direction is a conflict",
    existing: [bare],
    message: { ...bare, from: "bob", to: "alice" },
    outcome: { kind: "idConflict" },
  },
  {
    rule: "the same id and content under another ref is another message",
    existing: [bob],
    message: { ...bob, ref: "r2" },
    outcome: { kind: "idConflict" },
  },
  {
    rule: "the same id and content without the ref is another message",
    existing: [bob],
    message: bare,
    outcome: { kind: "idConflict" },
  },
  {
    rule: "the same id and content with an unused ref is another message",
    existing: [bare],
    message: bob,
    outcome: { kind: "idConflict" },
  },
  {
    rule: "a message that was stored without its ref, because the ref was taken, is stored",
    existing: [{ ...bob, id: idAt(0), content: "ho" }, bare],
    message: bob,
    outcome: STORED,
  },
  {
    rule: "if the id is another message's and the ref has the same content, it is a duplicate of the ref's message",
    existing: [messageAt(2, { content: "other" }), bob],
    message: { ...bob, id: idAt(2) },
    outcome: { kind: "duplicateOf", id: idAt(1) },
  },
  {
    rule: "if the id is another message's and the ref has other content, the ref is refused",
    existing: [messageAt(2, { content: "other" }), bob],
    message: { ...bob, id: idAt(2), content: "ho" },
    outcome: { kind: "refReused", id: idAt(1) },
  },
];

/** Messages that don't collide with a ref which alice has already used in a message to bob. */
export const FREE_REFS: readonly { rule: string; message: LogMessage }[] = [
  { rule: "another sender", message: { ...bob, id: idAt(2), from: "bob", to: "alice" } },
  { rule: "another conversation", message: { ...bob, id: idAt(2), to: "carol" } },
  { rule: "the public room", message: { ...bob, id: idAt(2), to: "" } },
  { rule: "a ref that differs in case", message: { ...bob, id: idAt(2), ref: "R1" } },
  { rule: "a message without a ref", message: { ...bare, id: idAt(2) } },
];
