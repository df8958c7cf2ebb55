import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ERRORS } from "./codes.ts";
import { username } from "./test/usernames.ts";
import { DEFAULT_MAX_CONTENT_BYTES, decodeSendRequest } from "./wire.ts";

const limits = { maxContentBytes: DEFAULT_MAX_CONTENT_BYTES };
const decode = (value: unknown) => decodeSendRequest(JSON.stringify(value), limits);

const text = (maxLength: number) => fc.string({ unit: "binary", minLength: 1, maxLength });
const request = fc.record(
  { to: fc.oneof(username, fc.constant("")), content: text(200), ref: text(64), as: username },
  { requiredKeys: ["content", "ref"] },
);

describe("requests to send", () => {
  it("P62: an encoded request decodes to the same message", () => {
    fc.assert(
      fc.property(request, (value) => {
        expect(decode(value)).toEqual({ ok: true, message: { type: "message", to: "", ...value } });
      }),
    );
  });

  it.each([
    ["a message without a ref", { content: "x" }, "invalid_message", "`ref` must be"],
    ["a message with an empty ref", { content: "x", ref: "" }, "invalid_message", "`ref` must be"],
    ["a bad recipient", { to: "a b", content: "x", ref: "r" }, "invalid_message", "`to` must be"],
    ["a bad name in `as`", { content: "x", ref: "r", as: "a b" }, "invalid_message", "`as` must be"],
    ["the public room in `as`", { content: "x", ref: "r", as: "" }, "invalid_message", "`as` must be"],
    ["a ping", { type: "ping" }, "unknown_type", "Only messages"],
    ["a token", { type: "auth", token: "x" }, "unknown_type", "Only messages"],
  ])("P62: %s is refused, and the message names the field", (_name, value, code, message) => {
    expect(decode(value)).toMatchObject({ ok: false, code, message: expect.stringContaining(message) });
  });

  it("P62: any text decodes to a message or an error code, and nothing throws", () => {
    const json = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.json(),
      fc
        .dictionary(fc.constantFrom("type", "to", "content", "ref", "as", "__proto__"), fc.jsonValue())
        .map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(json, (body) => {
        const decoded = decodeSendRequest(body, limits);
        if (decoded.ok) expect(decoded.message.ref.length).toBeGreaterThan(0);
        else expect(Object.keys(ERRORS)).toContain(decoded.code);
      }),
    );
  });
});
