import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Change, decodeChange, encodeChange, isMeta, MAX_META_BYTES } from "./changes.ts";
import { formatId } from "./ids.ts";
import { username as name } from "./test/usernames.ts";

const text = fc.string({ unit: "binary", minLength: 1, maxLength: 50 });
const to = fc.oneof(name, fc.constant(""));
const id = fc.record({ ms: fc.nat(), seq: fc.nat() }).map((position) => formatId(position));
const spaces = fc.constantFrom("", " ", "\n\t");
/** A JSON object as somebody may write it: with blanks, large numbers and repeated names. */
const meta = fc
  .tuple(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 3 }), spaces, spaces)
  .map(([value, before, after]) => `${before}${JSON.stringify(value, null, after)}${after}`)
  .filter(isMeta);
const optional = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined });
const withoutUndefined = (change: object) =>
  Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) as unknown as Change;

const change: fc.Arbitrary<Change> = fc
  .oneof(
    fc.record({ kind: fc.constant("message"), from: name, to, content: text, meta }),
    fc.record({ kind: fc.constant("edit"), from: name, to, id, content: text, meta: optional(meta) }),
    fc.record({ kind: fc.constant("delete"), from: name, to, id, by: optional(name) }),
    fc.record({
      kind: fc.constant("member"),
      from: name,
      to: name.map((room) => `#${room}`),
      user: name,
      role: optional(fc.constantFrom("owner", "member")),
      action: fc.constantFrom("joined", "left", "role"),
    }),
  )
  .map(withoutUndefined);

describe("changes", () => {
  it("L25: an encoded change of every kind decodes to the same change", () => {
    fc.assert(
      fc.property(change, (one) => {
        expect(decodeChange(one.kind, encodeChange(one))).toEqual(one);
      }),
      { numRuns: 2_000 },
    );
  });

  it("L7, L25: every body begins with its sender and recipient, from which the scripts read the sender", () => {
    fc.assert(
      fc.property(change, (one) => {
        const start = `"from":${JSON.stringify(one.from)},"to":${JSON.stringify(one.to)},`;
        expect(encodeChange(one).startsWith(start)).toBe(true);
      }),
    );
  });

  it("P72: meta is carried as text, unchanged", () => {
    for (const text of [
      '{"n":12345678901234567890}',
      '{ "b":1,"a":2, "b":3 }',
      '{"__proto__":{"x":1}}',
      "{}",
    ]) {
      const body = encodeChange({ kind: "message", from: "alice", to: "", content: "x", meta: text });
      expect(decodeChange("message", body)).toMatchObject({ meta: text });
    }
  });

  it.each([
    ["{}", true],
    ['{"a":[1,{"b":null}]}', true],
    ["[]", false],
    ["null", false],
    ['"text"', false],
    ["{", false],
    ['{},"from":"mallory"', false],
    [`{"a":"${"x".repeat(MAX_META_BYTES - 8)}"}`, true],
    [`{"a":"${"x".repeat(MAX_META_BYTES - 7)}"}`, false],
    [`{"a":"${"é".repeat(600)}"}`, false],
    [`{"a":${"[".repeat(15)}${"]".repeat(15)}}`, true],
    [`{"a":${"[".repeat(16)}${"]".repeat(16)}}`, false],
    [`{"a":${"[".repeat(500)}${"]".repeat(500)}}`, false],
  ])("P72: %s is a meta: %s", (text, expected) => {
    expect(isMeta(text)).toBe(expected);
  });

  it("L25: nothing makes decoding throw, and every decoded change encodes to the same body", () => {
    const kind = fc.constantFrom(
      "message",
      "edit",
      "delete",
      "member",
      "erase",
      "constructor",
      "__proto__",
      "",
    );
    const body = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.json().map((json) => json.slice(1, -1)),
      fc.tuple(change, fc.nat(300), fc.string({ maxLength: 3 })).map(([one, at, put]) => {
        const whole = encodeChange(one);
        return whole.slice(0, at) + put + whole.slice(at + 1);
      }),
    );
    fc.assert(
      fc.property(kind, body, (kind, body) => {
        const decoded = decodeChange(kind, body);
        if (decoded) expect(encodeChange(decoded)).toBe(body);
      }),
      { numRuns: 3_000 },
    );
  });

  it("L25: a body that says more, less or another thing than its kind is refused", () => {
    const AT = formatId({ ms: 1, seq: 2 });
    const start = '"from":"alice","to":"bob"';
    const room = '"from":"alice","to":"#team"';
    for (const [kind, body] of [
      ["message", `${start},"content":"x"`],
      ["edit", `${start},"content":"x"`],
      ["edit", `${start},"id":"${AT}","content":""`],
      ["edit", `${start},"id":"${AT}","content":"x","meta":[]`],
      ["edit", `${start},"id":"${AT}","content":"x","more":1`],
      ["edit", `${start},"content":"x","id":"${AT}"`],
      ["delete", `${start},"id":"7"`],
      ["delete", `${start},"id":"${AT}","meta":{}`],
      ["member", `${start},"user":"carol","action":"joined"`],
      ["member", `${room},"user":"carol","action":"promoted"`],
      ["member", `${room},"user":"carol","role":"king","action":"role"`],
    ] as const)
      expect(decodeChange(kind, body), `${kind} ${body}`).toBeUndefined();
    expect(decodeChange("member", `${room},"user":"carol","action":"joined"`)).toMatchObject({
      user: "carol",
    });
  });
});
