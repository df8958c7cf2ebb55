import type { LogChange } from "@parley/models";
import { expect, it } from "vitest";
import { edit, message } from "../test/scripted-tail.ts";
import { PendingRefs } from "./pending-refs.ts";

const withRef = (seq: number, ref: string): LogChange => ({ ...edit(seq, message(1)), ref });
const keyOf = (ref: string) => `alice:bob\nalice\n${ref}`;

it("L5: finds the first change with a ref, within each view of a list that grows", () => {
  const refs = new PendingRefs();
  const entries = [edit(2, message(1)), withRef(3, "a")];
  expect(refs.find({ entries, length: 2 }, keyOf("a"))).toBe(entries[1]);
  expect(refs.find({ entries, length: 1 }, keyOf("a"))).toBeUndefined();
  entries.push(withRef(4, "b"), withRef(5, "a"));
  expect(refs.find({ entries, length: 2 }, keyOf("b"))).toBeUndefined();
  expect(refs.find({ entries, length: 4 }, keyOf("b"))).toBe(entries[2]);
  expect(refs.find({ entries, length: 4 }, keyOf("a"))).toBe(entries[1]);
  expect(refs.find({ entries: entries.slice(2), length: 2 }, keyOf("a"))).toBe(entries[3]);
});
