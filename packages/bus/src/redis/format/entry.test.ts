import { encodeBody } from "@parley/models";
import { describe, expect, it } from "vitest";
import { decodeEntry, decodePublished, MAX_BODY_BYTES } from "./entry.ts";

const AT = "1763000000000-5";
const ID = "1763000000000-0000000005-00";
const BODY = encodeBody({ from: "alice", to: "bob", content: "hi" });

function kindOf(fields: readonly string[], streamId = AT): string {
  const entry = decodeEntry(streamId, fields);
  return entry.kind === "undecodable" ? entry.reason : entry.kind;
}

describe("entry", () => {
  it("decodes a message with and without a ref, and ignores unknown fields", () => {
    expect(decodeEntry(AT, ["v", "1", "m", BODY, "r", "r1", "n", "3", "b", "99", "x", "y"])).toEqual({
      kind: "message",
      message: { id: ID, from: "alice", to: "bob", content: "hi", ref: "r1" },
      body: BODY,
    });
    for (const none of [[], ["r", ""]])
      expect(decodeEntry(AT, ["v", "1", "m", BODY, ...none])).toMatchObject({
        message: { id: ID, from: "alice", to: "bob", content: "hi" },
      });
  });

  it("L10: an entry of a newer version is not decoded, whatever its fields", () => {
    const newer = (entry: object) => ({ kind: "newer", entry: { position: AT, version: "2", ...entry } });
    expect(decodeEntry(AT, ["v", "2", "z", "?"])).toEqual(newer({}));
    expect(decodeEntry(AT, ["v", "2", "k", "edit", "m", BODY])).toEqual(newer({ what: "edit" }));
    expect(decodeEntry(AT, ["v", "2", "k", "Some secret", "m", BODY])).toEqual(newer({}));
    expect(kindOf(["v", "2"], "1763000000000-99999999999")).toBe("newer");
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
    ];
    for (const [fields, reason] of cases) expect(kindOf(fields)).toBe(reason);
    expect(kindOf(["v", "1", "m", BODY], "1763000000000-99999999999")).toMatch(/id too large/);
  });

  it("P10: the length of a ref counts characters, not UTF-16 units", () => {
    expect(kindOf(["v", "1", "m", BODY, "r", "😀".repeat(64)])).toBe("message");
    expect(kindOf(["v", "1", "m", BODY, "r", "😀".repeat(65)])).toBe("bad ref");
  });

  it("decodes published messages and rejects other payloads", () => {
    expect(decodePublished(`${AT} ${BODY}`)).toEqual({ id: ID, epoch: undefined, body: BODY });
    expect(decodePublished(`${AT} x-_9 ${BODY}`)).toEqual({ id: ID, epoch: "x-_9", body: BODY });
    for (const other of [`${AT} x`, `${AT} x `, `${AT} x edit ${BODY}`, `${AT}  x`])
      expect(decodePublished(other)).toBeUndefined();
    for (const other of ["", " ", AT, `x ${BODY}`, `1-99999999999 ${BODY}`])
      expect(decodePublished(other)).toBeUndefined();
  });
});
