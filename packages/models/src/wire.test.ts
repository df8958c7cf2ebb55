import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ChatError, ERRORS, type ErrorCode } from "./codes.ts";
import { type ClientFrame, clientFrames, type ServerFrame } from "./frames.ts";
import { formatId, ORIGIN, timestampOf } from "./ids.ts";
import { username as name } from "./test/usernames.ts";
import {
  ackFrame,
  DEFAULT_MAX_CONTENT_BYTES,
  type Decoded,
  decodeClientFrame,
  encodeServerFrame,
  errorFrame,
} from "./wire.ts";

const limits = { maxContentBytes: DEFAULT_MAX_CONTENT_BYTES };
const decode = (text: string) => decodeClientFrame(text, limits);
const decodeValue = (value: unknown) => decode(JSON.stringify(value));

const text = (maxLength: number) => fc.string({ unit: "binary", minLength: 1, maxLength });
const clientFrame: fc.Arbitrary<ClientFrame> = fc.oneof(
  fc.record({
    type: fc.constant("message" as const),
    to: fc.oneof(name, fc.constant("")),
    content: text(200),
    ref: text(64),
  }),
  fc.record({ type: fc.constant("message" as const), to: name, content: text(200) }),
  fc.constant({ type: "ping" as const }),
  fc.record({ type: fc.constant("auth" as const), token: fc.string({ minLength: 1 }) }),
);

function expectFrameOrCode(decoded: Decoded): void {
  if (decoded.ok) expect(["message", "ping", "auth"]).toContain(decoded.frame.type);
  else expect(Object.keys(ERRORS)).toContain(decoded.code);
}

describe("client frames", () => {
  it("P10: an encoded frame decodes to the same frame", () => {
    fc.assert(
      fc.property(clientFrame, (frame) => {
        expect(decodeValue(frame)).toEqual({ ok: true, frame });
      }),
      { numRuns: 500 },
    );
  });

  it("P30: any text decodes to a frame or an error code, and nothing throws", () => {
    const hostile = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.uint8Array().map((bytes) => Buffer.from(bytes).toString("utf8")),
      fc.uint8Array().map((bytes) => Buffer.from(bytes).toString("latin1")),
      fc.json(),
      fc
        .dictionary(
          fc.constantFrom("type", "to", "content", "meta", "ref", "token", "__proto__"),
          fc.jsonValue(),
        )
        .map((value) => JSON.stringify(value)),
      fc.tuple(clientFrame, fc.nat(100), fc.string({ maxLength: 3 })).map(([frame, at, put]) => {
        const json = JSON.stringify(frame);
        return json.slice(0, at) + put + json.slice(at + 1);
      }),
    );
    fc.assert(
      fc.property(hostile, (text) => expectFrameOrCode(decode(text))),
      { numRuns: 3000 },
    );
  });

  it("P30: the deepest nesting that fits a frame gives an error code", () => {
    const depth = 65_536;
    expect(decode("[".repeat(depth))).toEqual({ ok: false, code: "invalid_json" });
    expect(decode('{"a":'.repeat(depth / 5))).toEqual({ ok: false, code: "invalid_json" });
    const deep = "[".repeat(depth / 2 - 50) + "]".repeat(depth / 2 - 50);
    for (const frame of [
      deep,
      `{"content":${deep}}`,
      `{"type":${deep}}`,
      `{"content":"x","meta":${deep}}`,
      `{"content":"x","ref":${deep}}`,
    ]) {
      const decoded = decode(frame);
      expect(decoded.ok).toBe(false);
      expectFrameOrCode(decoded);
    }
    // Deep values in unknown fields don't make a message invalid and don't make decoding throw.
    expectFrameOrCode(decode(`{"content":"x","more":${deep}}`));
  });

  it("P10: to is optional, and missing or empty means public", () => {
    const frame = { type: "message", to: "", content: "hi" };
    expect(decode('{"content":"hi"}')).toEqual({ ok: true, frame });
    expect(decode('{"to":"","content":"hi"}')).toEqual({ ok: true, frame });
    expect(decode('{"type":"message","content":"hi"}')).toEqual({ ok: true, frame });
  });

  it("P11: a client's from, id and timestamp are ignored", () => {
    const said = { to: "bob", content: "hi", from: "mallory", id: "1", timestamp: "x", expiresAt: 1 };
    expect(decodeValue(said)).toEqual({ ok: true, frame: { type: "message", to: "bob", content: "hi" } });
  });

  it("P30: an error has the message's ref if the ref is valid", () => {
    expect(decodeValue({ to: "a b", content: "hi", ref: "r1" })).toEqual({
      ok: false,
      code: "invalid_message",
      message: expect.stringContaining("`to`"),
      ref: "r1",
    });
    expect(decodeValue({ type: "shout", content: "hi", ref: "r1" })).toEqual({
      ok: false,
      code: "unknown_type",
      ref: "r1",
    });
    expect(decodeValue({ content: "x".repeat(9000), ref: "r1" })).toEqual({
      ok: false,
      code: "content_too_long",
      ref: "r1",
    });
    for (const ref of [7, "x".repeat(65)])
      expect(decodeValue({ content: "", ref })).not.toHaveProperty("ref");
  });

  it("P30: the message of `invalid_message` names the field, for every field of every frame", () => {
    for (const [type, { shape }] of Object.entries(clientFrames))
      for (const field of Object.keys(shape).filter((name) => name !== "type")) {
        const message = { type, to: "bob", content: "x", meta: {}, ref: "r", token: "t" };
        const valid = { ...message, with: "bob", id: ORIGIN };
        expect(decodeValue({ ...valid, [field]: "" }).ok, field).toBe(field === "to" || field === "with");
        const decoded = decodeValue({ ...valid, [field]: [] });
        expect(decoded, field).toMatchObject({ code: "invalid_message" });
        expect(decoded, field).toHaveProperty("message", expect.stringMatching(`^\`${field}\` must be `));
      }
    expect(decode("[]")).toHaveProperty("message", "A frame must be a JSON object.");
  });

  it("P12: content is a non-empty string", () => {
    for (const content of ["", undefined, null, 7, true, [], ["hi"], { $ne: 1 }]) {
      expect(decodeValue({ content }), JSON.stringify(content)).toMatchObject({ code: "invalid_message" });
    }
    expect(decodeValue({ content: " " })).toMatchObject({ ok: true });
    expect(decodeValue({ content: "a\u0000b" })).toMatchObject({ ok: true, frame: { content: "a\u0000b" } });
  });

  it("P12: the limit of a content counts bytes in UTF-8", () => {
    const characters = fc.constantFrom("a", "é", "李", "𠮷");
    fc.assert(
      fc.property(fc.array(characters, { minLength: 1, maxLength: 40 }), fc.nat(100), (parts, max) => {
        const content = parts.join("");
        const decoded = decodeClientFrame(JSON.stringify({ content }), { maxContentBytes: max });
        const fits = Buffer.byteLength(content) <= max;
        expect(decoded.ok ? "ok" : decoded.code).toBe(fits ? "ok" : "content_too_long");
      }),
      { numRuns: 1000 },
    );
    for (const [one, bytes] of [
      ["a", 1],
      ["é", 2],
      ["李", 3],
      ["𠮷", 4],
    ] as const) {
      const most = Math.floor(8192 / bytes);
      expect(decodeValue({ content: one.repeat(most) }).ok, one).toBe(true);
      expect(decodeValue({ content: one.repeat(most + 1) }), one).toMatchObject({ code: "content_too_long" });
    }
  });

  it("P12: text that UTF-8 can't encode (a lone surrogate) is refused in content and in ref", () => {
    for (const bad of ["\\ud800", "a\\udfff", "\\udc00\\ud800"]) {
      expect(decode(`{"content":"${bad}"}`), bad).toMatchObject({ code: "invalid_message" });
      expect(decode(`{"content":"x","ref":"${bad}"}`), bad).toMatchObject({ code: "invalid_message" });
    }
    expect(decode('{"content":"\\ud83d\\ude00"}')).toMatchObject({ ok: true, frame: { content: "😀" } });
  });

  it("P10: ref is 1 to 64 characters", () => {
    for (const one of ["a", "é", "李", "😀"]) {
      expect(decodeValue({ content: "x", ref: one.repeat(64) }).ok, one).toBe(true);
      expect(decodeValue({ content: "x", ref: one.repeat(65) }).ok, one).toBe(false);
    }
    for (const ref of ["", null, 7, {}, ["a"], "x".repeat(60_000)])
      expect(decodeValue({ content: "x", ref }).ok).toBe(false);
  });

  it("P4: to is a username", () => {
    expect(decodeValue({ to: "प्रिया", content: "x" })).toMatchObject({ ok: true, frame: { to: "प्रिया" } });
    for (const to of [
      "a b",
      "\u3164",
      "a\ufe0f",
      "$ne",
      "../x",
      "e\u0301",
      "a".repeat(65),
      null,
      7,
      ["bob"],
      { $gt: "" },
    ]) {
      expect(decodeValue({ to, content: "x" }), JSON.stringify(to)).toMatchObject({
        code: "invalid_message",
      });
    }
  });

  it("P30: __proto__ and constructor are ordinary field names", () => {
    expect(decode('{"__proto__":{"type":"ping"},"content":"x"}')).toEqual({
      ok: true,
      frame: { type: "message", to: "", content: "x" },
    });
    expect(decode('{"__proto__":{"content":"x"}}')).toMatchObject({ code: "invalid_message" });
    for (const type of ["constructor", "__proto__", "toString", "MESSAGE", ""]) {
      expect(decode(`{"type":"${type}","content":"x"}`), type).toMatchObject({ code: "unknown_type" });
    }
    for (const type of ["null", "7", "[]", '["message"]', "{}", "true"]) {
      expect(decode(`{"type":${type},"content":"x"}`), type).toMatchObject({ code: "unknown_type" });
    }
    expect(({} as { type?: unknown }).type).toBeUndefined();
  });

  it("P30: the last of two equal keys counts", () => {
    expect(decode('{"content":"a","content":"b","to":"x y","to":"bob"}')).toEqual({
      ok: true,
      frame: { type: "message", to: "bob", content: "b" },
    });
    expect(decode('{"type":"ping","type":"shout"}')).toMatchObject({ code: "unknown_type" });
  });

  it("P30: JSON that isn't an object and text that isn't JSON have different codes", () => {
    for (const json of ["null", "7", "true", '"hi"', "[]", '[{"content":"x"}]', "{}"]) {
      expect(decode(json), json).toMatchObject({ code: "invalid_message" });
    }
    for (const rest of ["", " ", "{", "hi", "{'content':'x'}", '{"content":"x"}{', "\ufeff{}", "NaN", "\0"]) {
      expect(decode(rest), rest).toEqual({ ok: false, code: "invalid_json" });
    }
  });

  it("P6: auth has a token", () => {
    expect(decode('{"type":"auth","token":"t","x":1}')).toEqual({
      ok: true,
      frame: { type: "auth", token: "t" },
    });
    for (const token of ['""', "null", "7", "{}"]) {
      expect(decode(`{"type":"auth","token":${token}}`)).toMatchObject({ code: "invalid_message" });
    }
    expect(decode('{"type":"auth"}')).toMatchObject({ code: "invalid_message" });
  });
});

describe("server frames", () => {
  const id = formatId({ ms: 1_752_674_400_000, seq: 7 });

  it("P10: an ack names the ref, the id and the id's time", () => {
    fc.assert(
      fc.property(text(64), (ref) => {
        expect(JSON.parse(ackFrame(ref, id))).toEqual({ type: "ack", ref, id, timestamp: timestampOf(id) });
      }),
    );
  });

  it("P30: an error has its code, the catalogue's text and the temporary flag", () => {
    for (const code of Object.keys(ERRORS) as ErrorCode[]) {
      const { message, temporary } = ERRORS[code];
      expect(JSON.parse(errorFrame(code))).toEqual({ type: "error", code, message, temporary });
      expect(JSON.parse(errorFrame(new ChatError(code), "r"))).toEqual({
        type: "error",
        code,
        message,
        temporary,
        ref: "r",
      });
    }
    expect(JSON.parse(errorFrame(new ChatError("backlog_full", { retryAfterMs: 0 }), "r"))).toMatchObject({
      retryAfterMs: 0,
      ref: "r",
    });
    expect(JSON.parse(errorFrame(new ChatError("rate_limited", { message: "Slow." })))).toMatchObject({
      message: "Slow.",
    });
  });

  it("P5: a frame is one line of JSON with the members of its type", () => {
    const frames: ServerFrame[] = [
      { type: "ready", user: "alice", cursor: id, marks: true },
      { type: "auth", expiresAt: timestampOf(id) },
      { type: "pong" },
      { type: "sync", cursor: id },
      { type: "reconnect", afterMs: 1200 },
    ];
    for (const frame of frames) {
      const line = encodeServerFrame(frame);
      expect(JSON.parse(line)).toEqual(frame);
      expect(line).not.toContain("\n");
    }
  });
});
