import type { LogMessage, ServerFrame as ModelsServerFrame } from "@parley/models";
import { expect, expectTypeOf, it } from "vitest";
import { isWellFormed, type Message, type ServerFrame } from "./wire.ts";

it("P20, P30: the SDK's types of frames match the server's", () => {
  expectTypeOf<ModelsServerFrame>().toExtend<ServerFrame>();
  expectTypeOf<ServerFrame["type"]>().toEqualTypeOf<ModelsServerFrame["type"]>();
  expectTypeOf<Omit<LogMessage, "ref">>().toExtend<Omit<Message, "timestamp">>();
});

it.each(["", "a", "€", "😀", "a😀b", "\ud800", "a\udc00", "\udc00\ud800", "😀\ud83d", "\ud83d😀"])(
  "P12: tells well-formed text as the platform does: %j",
  (text) => expect(isWellFormed(text)).toBe(text.isWellFormed()),
);
