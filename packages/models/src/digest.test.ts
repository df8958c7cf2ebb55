import { hash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeChange } from "./changes/changes.ts";
import { changeDigest, contentDigest, DIGEST, isSameContent } from "./digest.ts";
import { formatId } from "./ids.ts";
import { metaText } from "./test/meta.ts";

const text = fc.string({ unit: "binary", minLength: 1, maxLength: 50 });

describe("digests", () => {
  it("L29: the digest of a message without meta is that of every earlier version", () => {
    fc.assert(
      fc.property(text, (content) => {
        expect(contentDigest({ content })).toBe(hash("sha256", content, "base64url").slice(0, 11));
        expect(contentDigest({ content })).toMatch(DIGEST);
      }),
    );
  });

  it("P72: meta is part of what a digest stands for, exactly as it is written", () => {
    const digests = [undefined, "{}", "{ }", '{"a":1}'].map((meta) =>
      contentDigest(meta === undefined ? { content: "x" } : { content: "x", meta }),
    );
    expect(new Set(digests).size).toBe(4);
  });

  it("L5: no content has the digest of a content with meta or of a change, whatever texts a sender chooses", () => {
    fc.assert(
      fc.property(text, metaText, (content, meta) => {
        const withMeta = contentDigest({ content, meta });
        for (const joint of ["", "\u00ff", "\ufffd", "\u0000", ',"meta":'])
          expect(contentDigest({ content: content + joint + meta })).not.toBe(withMeta);
        const id = formatId({ ms: 1, seq: 0 });
        const body = encodeChange({
          kind: "edit",
          from: "a",
          to: "b",
          id,
          digest: "01234567890",
          content,
          meta,
        });
        const digest = changeDigest("edit", body);
        for (const start of ["", "edit ", "\u00feedit ", "\ufffdedit "])
          expect(contentDigest({ content: start + body })).not.toBe(digest);
        expect(changeDigest("delete", body)).not.toBe(digest);
      }),
    );
  });

  it("L29: two messages are compared by what they first were, with their meta", () => {
    const [plain, other] = [{ content: "x" }, { content: "x", meta: "{}" }];
    expect([isSameContent(plain, plain), isSameContent(other, other)]).toEqual([true, true]);
    expect(isSameContent(plain, other)).toBe(false);
    const edited = { content: "y", meta: '{"a":1}', digest: contentDigest(other) };
    expect([isSameContent(edited, other), isSameContent(edited, plain)]).toEqual([true, false]);
  });
});
