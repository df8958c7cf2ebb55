import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_META_BYTES } from "./meta.ts";
import { metaText } from "./test/meta.ts";
import {
  DEFAULT_MAX_CONTENT_BYTES,
  decodeClientFrame,
  decodeEditRequest,
  decodeSendRequest,
} from "./wire.ts";

const limits = { maxContentBytes: DEFAULT_MAX_CONTENT_BYTES };

/** Decodes a `meta` in everything that a client can send it in. Each gives the text, or the message of the error. */
const decoders: Readonly<Record<string, (json: string) => unknown>> = {
  "a frame": (json) => {
    const decoded = decodeClientFrame(json, limits);
    if (!decoded.ok) return decoded;
    return decoded.frame.type === "message" && decoded.frame.meta;
  },
  "a request to send": (json) => {
    const decoded = decodeSendRequest(json, limits);
    return decoded.ok ? decoded.message.meta : decoded;
  },
  "a request to edit": (json) => {
    const decoded = decodeEditRequest(json, limits);
    return decoded.ok ? decoded.edit.meta : decoded;
  },
};
const withMeta = (meta: string) => `{"content":"x","meta":${meta},"ref":"r"}`;
const text = (bytes: number) => `{"a":"${"x".repeat(bytes - 8)}"}`;
const nested = (depth: number) => `{"a":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`;

describe.each(Object.entries(decoders))("the meta of %s", (_name, decode) => {
  it("P72: is the text that the client wrote, without the blanks around it", () => {
    fc.assert(
      fc.property(metaText, (meta) => {
        expect(decode(withMeta(meta))).toBe(meta.trim());
      }),
    );
    for (const meta of [
      '{"n":12345678901234567890}',
      '{ "b":1.0,"a":2, "b":3 }',
      '{"__proto__":{"x":1}}',
      "{}",
    ])
      expect(decode(withMeta(meta))).toBe(meta);
  });

  it("P72: is absent from a message without one", () => {
    expect(decode('{"content":"x","ref":"r"}')).toBeUndefined();
    expect(decode('{"content":"x","ref":"r","x":{"meta":{}}}')).toBeUndefined();
  });

  it("P30: is the last of two with the same name, however it is written", () => {
    expect(decode('{"meta":7,"content":"x","ref":"r","\\u006deta":{"a":1}}')).toBe('{"a":1}');
    expect(decode('{"meta":{"a":1},"content":"x","ref":"r","meta":7}')).toMatchObject({
      code: "invalid_message",
    });
  });

  it.each([
    ["of the greatest size", text(MAX_META_BYTES)],
    ["of the greatest size, in characters of three bytes", `{"a":"${"漢".repeat(338)}xx"}`],
    ["of the greatest depth", nested(16)],
  ])("P72: %s is accepted", (_size, meta) => {
    expect(decode(withMeta(meta))).toBe(meta);
  });

  it.each([
    ["null", "null", "`meta` must be a JSON object."],
    ["a text", '"{}"', "`meta` must be a JSON object."],
    ["a list", "[]", "`meta` must be a JSON object."],
    ["one byte too large", text(MAX_META_BYTES + 1), "`meta` must have at most 1024 bytes"],
    ["one byte too large in UTF-8", `{"a":"${"漢".repeat(338)}xxx"}`, "`meta` must have at most 1024 bytes"],
    [
      "too large with its blanks",
      `{${" ".repeat(MAX_META_BYTES - 1)}}`,
      "`meta` must have at most 1024 bytes",
    ],
    ["one level too deep", nested(17), "`meta` must be nested at most 16 deep."],
    ["500 brackets deep", nested(500), "`meta` must be nested at most 16 deep."],
    ["30,000 brackets deep", nested(30_000), "`meta` must have at most 1024 bytes"],
  ])("P72, P30: %s is refused, and the message says why", (_size, meta, message) => {
    expect(decode(withMeta(meta))).toEqual({
      ok: false,
      code: "invalid_message",
      message: expect.stringContaining(message),
      ref: "r",
    });
  });
});
