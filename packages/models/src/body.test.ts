import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeBody, decodeBodyWithMeta, encodeBody, messageFrame, messageJson } from "./body.ts";
import { formatId, timestampOf } from "./ids.ts";
import { metaText } from "./test/meta.ts";
import { username as name } from "./test/usernames.ts";

const draft = fc.record({
  from: name,
  to: fc.oneof(name, fc.constant("")),
  content: fc.string({ unit: "binary", minLength: 1, maxLength: 50 }),
});
const id = formatId({ ms: 1_752_674_400_000, seq: 7 });

describe("bodies", () => {
  it("P20: an encoded body decodes to the same message, with any characters in the content", () => {
    fc.assert(
      fc.property(draft, (message) => {
        expect(decodeBody(encodeBody(message))).toEqual(message);
      }),
      { numRuns: 500 },
    );
  });

  it("P20: a frame built from a body equals the frame that JSON.stringify makes", () => {
    fc.assert(
      fc.property(draft, (message) => {
        const body = encodeBody(message);
        const timestamp = timestampOf(id);
        expect(messageFrame(id, body)).toBe(JSON.stringify({ type: "message", id, ...message, timestamp }));
        const json = { id, ...message, timestamp };
        expect(messageJson(id, body)).toBe(JSON.stringify(json));
        const state = { also: id, change: id };
        expect(messageJson(id, body, state)).toBe(JSON.stringify({ ...json, ...state, edited: true }));
        expect(messageJson(id, body, { change: id, deleted: true })).toBe(
          JSON.stringify({ ...json, change: id, deleted: true }),
        );
      }),
    );
    expect(messageFrame(id, encodeBody({ from: "alice", to: "bob", content: 'a"}\n' }))).toBe(
      '{"type":"message","id":"1752674400000-0000000007-00","from":"alice","to":"bob","content":"a\\"}\\n",' +
        '"timestamp":"2025-07-16T14:00:00.000Z"}',
    );
  });

  it("P72: a body with meta decodes to the same message, with the meta's text unchanged", () => {
    fc.assert(
      fc.property(draft, metaText, (message, meta) => {
        const body = encodeBody({ ...message, meta });
        expect(body.startsWith(encodeBody(message))).toBe(true);
        expect(decodeBodyWithMeta(body)).toEqual({ ...message, meta });
        expect(decodeBody(body)).toEqual(message);
        expect(JSON.parse(messageFrame(id, body))).toEqual({
          type: "message",
          id,
          ...message,
          meta: JSON.parse(meta),
          timestamp: timestampOf(id),
        });
      }),
      { numRuns: 500 },
    );
  });

  it("L25: a body of version 2 is exactly what is written for a message with meta", () => {
    const start = '"from":"alice","to":"bob","content":"x"';
    for (const body of [
      start,
      `${start},"meta":[]`,
      `${start},"meta":{},"more":1`,
      `${start},"more":1,"meta":{}`,
      `${start} ,"meta":{}`,
      `${start},"meta":{"a":1},"from":"mallory"`,
      `"from":"alice","content":"x","to":"bob","meta":{}`,
      `"from":"alice","to":"bob","content":"","meta":{}`,
      "",
    ])
      expect(decodeBodyWithMeta(body), body).toBeUndefined();
    expect(decodeBodyWithMeta(`${start},"meta":{ }`)).toMatchObject({ meta: "{ }" });
  });

  it("L10: no text makes decoding throw, and every decoded body is a message", () => {
    const rubbish = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.uint8Array().map((bytes) => Buffer.from(bytes).toString("utf8")),
      fc.json().map((json) => json.slice(1, -1)),
      fc.tuple(draft, fc.nat(200), fc.string({ maxLength: 3 })).map(([message, at, put]) => {
        const body = encodeBody(message);
        return body.slice(0, at) + put + body.slice(at + 1);
      }),
    );
    fc.assert(
      fc.property(rubbish, (body) => {
        const message = decodeBody(body);
        if (message) expect(decodeBody(encodeBody(message))).toEqual(message);
      }),
      { numRuns: 2000 },
    );
  });

  it("L10: a message under a name that is refused by now still decodes", () => {
    const message = { from: "\u3164", to: "a\u0378", content: "acknowledged long ago" };
    expect(decodeBody(encodeBody(message))).toEqual(message);
  });

  it("L10: text that isn't a message doesn't decode", () => {
    const good = { from: "alice", to: "bob", content: "hello" };
    const text = (over: object) => JSON.stringify({ ...good, ...over }).slice(1, -1);
    expect(decodeBody(text({}))).toEqual(good);
    const bad = [
      "",
      "[]",
      '}{"a":1',
      "[".repeat(65_536),
      '"a":'.repeat(20_000),
      text({ from: "" }),
      text({ from: "a b" }),
      text({ to: "$ne" }),
      text({ to: null }),
      text({ content: "" }),
      text({ content: 7 }),
      text({ content: ["hello"] }),
      text({ from: undefined }),
      text({ to: undefined }),
      text({ content: undefined }),
      text({ content: "\ud800" }),
    ];
    for (const body of bad) expect(decodeBody(body), body.slice(0, 60)).toBeUndefined();
  });

  it("L10: __proto__ in a body changes nothing", () => {
    const body = `${encodeBody({ from: "alice", to: "", content: "hi" })},"__proto__":{"from":"mallory","x":1}`;
    expect(decodeBody(body)).toEqual({ from: "alice", to: "", content: "hi" });
    expect(decodeBody('"__proto__":{"from":"alice","to":"","content":"hi"}')).toBeUndefined();
    expect(Object.hasOwn(Object.prototype, "from")).toBe(false);
  });
});
