import { until } from "@parley/async";
import { afterEach, expect, it } from "vitest";
import { start, stop } from "../test/running-persister.ts";
import { message, unavailable } from "../test/scripted-adapters.ts";

afterEach(stop);

const mark = (user: string, seq: number, other = "bob") => ({ user, with: other, id: message(seq).id });

it("L27: stores marks up to the watermark, drops those without a conversation, and leaves the others", async () => {
  const { marks, store, events } = start();
  store.marks.onKeep = async (given) =>
    given.map((one) => (one.with === "nobody" ? "noConversation" : "kept"));
  const [kept, unknown, early] = [mark("alice", 3), mark("alice", 2, "nobody"), mark("alice", 9, "carol")];
  const second = mark("dave", 5, "");
  marks.parts = [
    { marks: [kept, unknown, early], watermark: message(4).id, cursor: "1" },
    { marks: [second], watermark: message(5).id, cursor: "" },
  ];
  await until(() => marks.reported.length >= 3, "both parts are carried");
  expect(marks.reported.slice(0, 3)).toEqual([
    { as: "stored", marks: [kept] },
    { as: "dropped", marks: [unknown] },
    { as: "stored", marks: [second] },
  ]);
  expect(events).toContainEqual({ type: "marks", stored: 1, dropped: 1 });
});

it("L27: removes nothing while the store doesn't answer, and repeats it", async () => {
  const { marks, store, events } = start();
  let isDown = true;
  store.marks.onKeep = async (given) => {
    if (isDown) throw unavailable();
    return given.map(() => "kept");
  };
  marks.parts = [{ marks: [mark("alice", 1)], watermark: message(1).id, cursor: "" }];
  await until(() => events.filter(({ type }) => type === "marks-failed").length >= 2, "it is tried again");
  expect(marks.reported).toEqual([]);
  isDown = false;
  await until(() => marks.reported.length > 0, "the mark is stored");
});

it("messages are stored while marks can't be read", async () => {
  const { marks, consumer, events } = start();
  marks.failure = unavailable();
  await until(() => events.some(({ type }) => type === "marks-failed"), "reading marks fails");
  consumer.deliver({ entry: message(1), deliveries: 1 });
  await until(() => consumer.outcomeOf(message(1))?.kind === "stored", "the message is stored");
});

it("stops between two parts", async () => {
  const { marks } = start();
  marks.parts = [{ marks: [mark("alice", 1)], watermark: message(1).id, cursor: "0" }];
  await until(() => marks.reported.length > 2, "the endless list is carried");
  await stop();
});
