import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contentDigest } from "../digest.ts";
import { formatId, timestampOf } from "../ids.ts";
import { metaText } from "../test/meta.ts";
import { username as name } from "../test/usernames.ts";
import {
  CHANGE_KINDS,
  type ChangeDraft,
  changeFrame,
  decodeChange,
  encodeChange,
  isChangeKind,
} from "./changes.ts";

const text = fc.string({ unit: "binary", minLength: 1, maxLength: 50 });
const to = fc.oneof(name, fc.constant(""));
const id = fc.record({ ms: fc.nat(), seq: fc.nat() }).map((position) => formatId(position));
const digest = text.map((content) => contentDigest({ content }));
const optional = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined });
const withoutUndefined = (change: object) =>
  Object.fromEntries(
    Object.entries(change).filter(([, value]) => value !== undefined),
  ) as unknown as ChangeDraft;

const change: fc.Arbitrary<ChangeDraft> = fc
  .oneof(
    fc.record({
      kind: fc.constant("edit"),
      from: name,
      to,
      id,
      digest,
      content: text,
      meta: optional(metaText),
    }),
    fc.record({ kind: fc.constant("delete"), from: name, to, id, digest, by: optional(name) }),
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

  it("P74: a frame has all of its change but the digest, whatever the texts are", () => {
    const at = formatId({ ms: 1_752_674_460_000, seq: 1 });
    fc.assert(
      fc.property(change, (one) => {
        const { kind, digest: _, ...shown } = one;
        const meta = "meta" in one && one.meta !== undefined ? { meta: JSON.parse(one.meta) } : {};
        expect(JSON.parse(changeFrame(kind, at, encodeChange(one)))).toEqual({
          type: kind === "edit" ? "edited" : "deleted",
          change: at,
          ...shown,
          ...meta,
          timestamp: timestampOf(at),
        });
      }),
      { numRuns: 1_000 },
    );
  });

  it("P74: a content that looks like a digest stays as it is", () => {
    const one = { kind: "edit", from: "alice", to: "", id: formatId({ ms: 1, seq: 2 }) } as const;
    const edit = { ...one, digest: "01234567890", content: ',"digest":"abcdefghijk"' };
    const frame = changeFrame("edit", formatId({ ms: 3, seq: 0 }), encodeChange(edit));
    expect(JSON.parse(frame)).toMatchObject({ content: edit.content });
    expect(frame).not.toContain("01234567890");
  });

  it("L25: nothing makes decoding throw, and every decoded change encodes to the same body", () => {
    const body = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.json().map((json) => json.slice(1, -1)),
      fc.tuple(change, fc.nat(300), fc.string({ maxLength: 3 })).map(([one, at, put]) => {
        const whole = encodeChange(one);
        return whole.slice(0, at) + put + whole.slice(at + 1);
      }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...CHANGE_KINDS), body, (kind, body) => {
        const decoded = decodeChange(kind, body);
        if (decoded) expect(encodeChange(decoded)).toBe(body);
      }),
      { numRuns: 3_000 },
    );
  });

  it("L25: the kinds of later versions are none of this version's", () => {
    for (const kind of ["member", "erase", "message", "constructor", "__proto__", "", "edit "])
      expect(isChangeKind(kind), kind).toBe(false);
  });

  it("L25: a body that says more, less or another thing than its kind is refused", () => {
    const AT = formatId({ ms: 1, seq: 2 });
    const start = '"from":"alice","to":"bob"';
    const of = `${start},"id":"${AT}","digest":"0123456789_"`;
    expect(decodeChange("edit", `${of},"content":"x","meta":{}`)).toMatchObject({ content: "x", meta: "{}" });
    expect(decodeChange("delete", `${of},"by":"carol"`)).toMatchObject({ by: "carol" });
    for (const [kind, body] of [
      ["edit", `${start},"content":"x"`],
      ["edit", `${start},"id":"${AT}","content":"x"`],
      ["edit", `${of},"content":""`],
      ["edit", `${of},"content":"x","meta":[]`],
      ["edit", `${of},"content":"x","more":1`],
      ["edit", `${start},"content":"x","id":"${AT}","digest":"0123456789_"`],
      ["edit", `${start},"id":"${AT}","digest":"0123456789","content":"x"`],
      ["edit", `${start},"id":"${AT}","digest":"0123456789/","content":"x"`],
      ["delete", `${start},"id":"7","digest":"0123456789_"`],
      ["delete", `${of},"meta":{}`],
      ["delete", `${of},"content":"x"`],
      ["delete", `${of},"by":"not a name"`],
    ] as const)
      expect(decodeChange(kind, body), `${kind} ${body}`).toBeUndefined();
  });
});
