import { decodeClientFrame, encodeBody, messageFrame, ORIGIN } from "@parley/models";
import { metaText } from "@parley/models/test/meta";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { textFrame } from "../outbound/text-frame.ts";
import { bytesOf, framesOf } from "./frame-cost.ts";

const MAX = { maxContentBytes: 8_192 };
const units = fc.oneof(
  fc.constantFrom("\0", "\x1f", '"', "\\", "/", "\n", "\x7f", "\u2028", "\ufeff", "é", "漢", "😀"),
  fc.string({ unit: "binary", minLength: 1, maxLength: 3 }),
);
const contents = fc
  .array(units, { minLength: 1, maxLength: 500 })
  .map((parts) => parts.join("").toWellFormed());
const metas = fc.option(metaText, { nil: undefined });
const users = fc.constantFrom("a", "alice", "é".repeat(64), "漢".repeat(64), "𝒜".repeat(32));

describe("the cost of a frame", () => {
  it("P32: of a message is at least the frame that readers get, however the client encodes it", () => {
    fc.assert(
      fc.property(users, users, contents, fc.boolean(), metas, (from, to, content, isPublic, sentMeta) => {
        const fields = JSON.stringify(isPublic ? { content } : { to, content });
        const text = sentMeta === undefined ? fields : `${fields.slice(0, -1)},"meta":${sentMeta}}`;
        const decoded = decodeClientFrame(text, MAX);
        if (!decoded.ok || decoded.frame.type !== "message") return;
        const cost = bytesOf(decoded.frame, Buffer.byteLength(text), from);
        const { to: recipient, content: stored, meta } = decoded.frame;
        const draft = { from, to: recipient, content: stored, ...(meta !== undefined && { meta }) };
        expect(meta).toBe(sentMeta?.trim());
        const sent = textFrame(messageFrame(ORIGIN, encodeBody(draft)));
        expect(cost).toBeGreaterThanOrEqual(sent.length);
        expect(cost).toBeLessThanOrEqual(Buffer.byteLength(text) + 400);
      }),
    );
  });

  it("P32: the server escapes no more than JSON requires", () => {
    fc.assert(
      fc.property(contents, (content) => {
        expect(Buffer.byteLength(JSON.stringify(content))).toBe(shortestEncoding(content));
      }),
    );
  });

  it("P32: of 8 KiB of NUL is six times its content", () => {
    const text = JSON.stringify({ content: "\0".repeat(8_192) });
    const decoded = decodeClientFrame(text, MAX);
    expect(decoded.ok && bytesOf(decoded.frame, text.length, "mallory")).toBeGreaterThan(6 * 8_192);
  });

  it("P32: of any other frame is its size, and a token counts as five frames", () => {
    expect(bytesOf({ type: "ping" }, 15, "alice")).toBe(15);
    expect(bytesOf(undefined, 65_536, "alice")).toBe(65_536);
    expect(framesOf(undefined)).toBe(1);
    expect(framesOf({ type: "ping" })).toBe(1);
    expect(framesOf({ type: "auth", token: "t" })).toBe(5);
  });
});

/** Bytes of the shortest JSON string with this content (RFC 8259, 7). */
function shortestEncoding(content: string): number {
  let bytes = 2;
  for (const character of content) {
    if ('"\\\b\f\n\r\t'.includes(character)) bytes += 2;
    else if (character < " ") bytes += 6;
    else bytes += Buffer.byteLength(character);
  }
  return bytes;
}
