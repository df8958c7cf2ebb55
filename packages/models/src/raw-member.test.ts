import fc from "fast-check";
import { expect, it } from "vitest";
import { rawMember } from "./raw-member.ts";

it("P72: a member's text is returned as it was written, whatever surrounds it", () => {
  expect(
    rawMember('{"content":"}\\",\\"meta\\":1","meta": {"b":[1, 2.50],"a":1e400} ,"ref":"r"}', "meta"),
  ).toBe('{"b":[1, 2.50],"a":1e400}');
  expect(rawMember(' {\n"\\u006deta" : 2.50 }', "meta")).toBe("2.50");
  expect(rawMember('{"meta":1,"x":{"meta":2},"meta":[3]}', "meta")).toBe("[3]");
  expect(rawMember('{"x":{"meta":2}}', "meta")).toBeUndefined();
  expect(rawMember("{}", "meta")).toBeUndefined();
});

it("P72: for any object and name, the text is that of the value that JSON.parse finds", () => {
  const object = fc.dictionary(fc.string(), fc.jsonValue({ noUnicodeString: false }), {
    noNullPrototype: true,
  });
  const space = fc.constantFrom(undefined, 1, "\t");
  fc.assert(
    fc.property(object, space, fc.string(), (value, indent, absent) => {
      const text = JSON.stringify(value, null, indent);
      for (const [name, member] of Object.entries(value))
        expect(JSON.parse(rawMember(text, name) ?? "")).toEqual(JSON.parse(JSON.stringify(member)));
      if (!Object.hasOwn(value, absent)) expect(rawMember(text, absent)).toBeUndefined();
    }),
  );
});
