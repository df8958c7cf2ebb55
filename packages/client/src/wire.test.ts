import type { LogMessage, ServerFrame as ModelsServerFrame } from "@parley/models";
import { expect, expectTypeOf, it } from "vitest";
import { changeOf, isWellFormed, type Message, type ServerFrame } from "./wire.ts";

it("P20, P30: the SDK's types of frames match the server's", () => {
  expectTypeOf<ModelsServerFrame>().toExtend<ServerFrame>();
  expectTypeOf<ServerFrame["type"]>().toEqualTypeOf<ModelsServerFrame["type"]>();
  expectTypeOf<Omit<LogMessage, "ref" | "meta">>().toExtend<Omit<Message, "timestamp">>();
});

it.each(["", "a", "€", "😀", "a😀b", "\ud800", "a\udc00", "\udc00\ud800", "😀\ud83d", "\ud83d😀"])(
  "P12: tells well-formed text as the platform does: %j",
  (text) => expect(isWellFormed(text)).toBe(text.isWellFormed()),
);

const ID = "1752674400123-0000000000-00";
const CHANGE = "1752674460000-0000000000-00";
const TIMES = ["2025-07-16T14:00:00.123Z", "2025-07-16T14:01:00.000Z"] as const;

it("P74, P75: a live change has the form that it has in /sync", () => {
  const frame = { change: CHANGE, from: "alice", to: "bob", id: ID, timestamp: TIMES[1] };
  const message = { id: ID, from: "alice", to: "bob", timestamp: TIMES[0], change: CHANGE };
  expect(changeOf({ ...frame, type: "edited", content: "Hi", meta: { n: 1 } })).toEqual({
    type: "edited",
    change: CHANGE,
    timestamp: TIMES[1],
    message: { ...message, content: "Hi", meta: { n: 1 }, edited: true },
  });
  expect(changeOf({ ...frame, type: "deleted", by: "carol" })).toEqual({
    type: "deleted",
    change: CHANGE,
    timestamp: TIMES[1],
    by: "carol",
    message: { ...message, content: "", deleted: true },
  });
});
