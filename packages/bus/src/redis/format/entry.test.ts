import { contentDigest, encodeBody, encodeChange, formatId } from "@parley/models";
import { describe, expect, it } from "vitest";
import { decodeEntry, decodePublished, MAX_BODY_BYTES } from "./entry.ts";

const AT = "1763000000000-5";
const ID = "1763000000000-0000000005-00";
const BODY = encodeBody({ from: "alice", to: "bob", content: "hi" });
const WITH_META = encodeBody({ from: "alice", to: "bob", content: "hi", meta: '{"a":1}' });
const target = {
  from: "alice",
  to: "bob",
  id: formatId({ ms: 1_763_000_000_000, seq: 4 }),
  digest: contentDigest({ content: "hi" }),
};
const EDIT = { ...target, kind: "edit", content: "ho" } as const;
const DELETION = { ...target, kind: "delete", by: "carol" } as const;

function kindOf(fields: readonly string[], streamId = AT): string {
  const entry = decodeEntry(streamId, fields);
  return entry.kind === "undecodable" ? entry.reason : entry.kind;
}

describe("entry", () => {
  it("decodes a message with and without a ref, and ignores unknown fields", () => {
    expect(decodeEntry(AT, ["v", "1", "m", BODY, "r", "r1", "n", "3", "b", "99", "x", "y"])).toEqual({
      kind: "known",
      entry: { id: ID, from: "alice", to: "bob", content: "hi", ref: "r1" },
      body: BODY,
    });
    for (const none of [[], ["r", ""]])
      expect(decodeEntry(AT, ["v", "1", "m", BODY, ...none])).toMatchObject({
        entry: { id: ID, from: "alice", to: "bob", content: "hi" },
      });
  });

  it("L25: decodes a message with meta, and changes of both kinds, with their refs", () => {
    expect(decodeEntry(AT, ["v", "2", "m", WITH_META, "r", "r1"])).toEqual({
      kind: "known",
      entry: { id: ID, from: "alice", to: "bob", content: "hi", meta: '{"a":1}', ref: "r1" },
      body: WITH_META,
    });
    for (const change of [EDIT, DELETION, { ...EDIT, meta: "{}" }]) {
      const body = encodeChange(change);
      expect(decodeEntry(AT, ["v", "2", "k", change.kind, "m", body, "r", "r1"])).toEqual({
        kind: "known",
        entry: { ...change, change: ID, ref: "r1" },
        body,
      });
    }
  });

  it("L28: a change at or below its message is undecodable", () => {
    const fields = ["v", "2", "k", "edit", "m", encodeChange(EDIT)];
    expect(kindOf(fields, "1763000000000-5")).toBe("known");
    for (const at of ["1763000000000-4", "1763000000000-3", "1-9"])
      expect(kindOf(fields, at)).toBe("the change isn't after its message");
  });

  it("L10: an entry of a newer version or kind is not decoded, whatever its fields", () => {
    const newer = (version: string, entry: object) => ({
      kind: "newer",
      entry: { position: AT, version, ...entry },
    });
    expect(decodeEntry(AT, ["v", "3", "z", "?"])).toEqual(newer("3", {}));
    expect(decodeEntry(AT, ["v", "3", "k", "edit", "m", BODY])).toEqual(newer("3", { what: "edit" }));
    expect(decodeEntry(AT, ["v", "2", "k", "member", "m", BODY])).toEqual(newer("2", { what: "member" }));
    expect(decodeEntry(AT, ["v", "2", "k", "Some secret", "m", BODY])).toEqual(newer("2", {}));
    expect(decodeEntry(AT, ["v", "2", "k", "__proto__"])).toEqual(newer("2", {}));
    expect(kindOf(["v", "3"], "1763000000000-99999999999")).toBe("newer");
  });

  it("L10: every other entry is undecodable, with a reason, and nothing throws", () => {
    const cases: [readonly string[], string][] = [
      [[], "no version"],
      [["foo", "bar"], "no version"],
      [["v"], "no version"],
      [["v", "0", "m", BODY], "bad version"],
      [["v", "-1", "m", BODY], "bad version"],
      [["v", "1e9", "m", BODY], "bad version"],
      [["v", "99999999999999999999", "m", BODY], "bad version"],
      [["v", "1"], "no body"],
      [["v", "1", "m", ""], "body isn't a message"],
      [["v", "1", "m", "\u0000\ufffd"], "body isn't a message"],
      [["v", "1", "m", '"from":"a b","to":"","content":"x"'], "body isn't a message"],
      [["v", "1", "m", '"from":"a","to":"","content":""'], "body isn't a message"],
      [["v", "1", "m", '"from":1,"to":null,"content":{}'], "body isn't a message"],
      [["v", "1", "m", '"__proto__":{"from":"a","to":"","content":"x"}'], "body isn't a message"],
      [["v", "1", "m", BODY, "r", "x".repeat(65)], "bad ref"],
      [["v", "1", "m", "x".repeat(MAX_BODY_BYTES + 1)], "body too large"],
      [["__proto__", "1", "constructor", "2"], "no version"],
      [["v", "2"], "no body"],
      [["v", "2", "m", BODY], "body isn't a message"],
      [["v", "2", "k", "edit"], "no body"],
      [["v", "2", "k", "edit", "m", BODY], "body isn't a change"],
      [["v", "2", "k", "delete", "m", encodeChange(EDIT)], "body isn't a change"],
      [["v", "2", "k", "edit", "m", encodeChange(EDIT), "r", "x".repeat(65)], "bad ref"],
    ];
    for (const [fields, reason] of cases) expect(kindOf(fields)).toBe(reason);
    expect(kindOf(["v", "1", "m", BODY], "1763000000000-99999999999")).toMatch(/id too large/);
  });

  it("P10: the length of a ref counts characters, not UTF-16 units", () => {
    expect(kindOf(["v", "1", "m", BODY, "r", "😀".repeat(64)])).toBe("known");
    expect(kindOf(["v", "1", "m", BODY, "r", "😀".repeat(65)])).toBe("bad ref");
  });

  it("L25: decodes published messages and changes, and rejects other payloads", () => {
    const message = { id: ID, epoch: undefined, kind: undefined, body: BODY };
    expect(decodePublished(`${AT} ${BODY}`)).toEqual(message);
    expect(decodePublished(`${AT} x-_9 ${BODY}`)).toEqual({ ...message, epoch: "x-_9" });
    for (const change of [EDIT, DELETION]) {
      const { kind } = change;
      const body = encodeChange(change);
      expect(decodePublished(`${AT} x-_9 ${kind} ${body}`)).toEqual({ id: ID, epoch: "x-_9", kind, body });
    }
    for (const other of [`${AT} x`, `${AT} x `, `${AT}  x`, `${AT} x edit`, `${AT} x edit x`])
      expect(decodePublished(other)).toBeUndefined();
    for (const kind of ["member", "edit edit", "", "__proto__"])
      expect(decodePublished(`${AT} x ${kind} ${BODY}`)).toBeUndefined();
    for (const other of ["", " ", AT, `x ${BODY}`, `1-99999999999 ${BODY}`])
      expect(decodePublished(other)).toBeUndefined();
  });
});
