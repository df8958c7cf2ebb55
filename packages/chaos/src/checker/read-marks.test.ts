import { describe, expect, it } from "vitest";
import { Ledger } from "../workload/ledger.ts";
import { ReadMarkModel, type ReadState } from "./read-marks.ts";

/** A run with messages of alice and bob, and its model. */
function startRun() {
  const ledger = new Ledger();
  const model = new ReadMarkModel(ledger);
  const send = (from: string, to: string, id?: string) => {
    const sent = ledger.addSend(from, from, to, `${from} ${id}`);
    if (id !== undefined) sent.outcome = { kind: "acked", id, atMs: 0 };
    return sent;
  };
  const answer = (user: string, ...states: ReadState[]) => model.request(user)(states);
  return { ledger, model, send, answer };
}

describe("the model of read marks accepts", () => {
  it("P71: the greatest mark, the messages after it, and a message of the user that counts as a mark", () => {
    const { model, send, answer } = startRun();
    for (const id of ["1", "2", "3"]) send("bob", "alice", id);
    model.noteSent("alice", "bob", "1");
    answer("alice", { with: "bob", read: "1", unread: 2, readBy: "3" });
    send("alice", "bob", "4");
    answer("alice", { with: "bob", read: "4", unread: 0, readBy: "3" });
    answer("bob", { with: "alice", read: "3", unread: 1, readBy: "4" });
    expect(model.problems).toEqual([]);
    const state = { with: "bob", read: "4", readBy: "3" };
    expect(model.differences("alice", [state])).toEqual([]);
  });

  it("P71: a message or deletion under way, counted or not", () => {
    const { ledger, model, send, answer } = startRun();
    ledger.addChange("delete", send("bob", "alice", "1"));
    send("bob", "alice");
    for (const unread of [0, 1, 2]) answer("alice", { with: "bob", unread, readBy: "1" });
    expect(model.problems).toEqual([]);
  });

  it("P71: any number up to 100 where more than 100 messages come after the mark", () => {
    const { model, send, answer } = startRun();
    for (let n = 100; n < 202; n += 1) send("bob", "", `${n}`);
    model.noteSent("alice", "", "100");
    answer("alice", { with: "", read: "100", unread: 100 });
    answer("alice", { with: "", read: "100", unread: 99 });
    expect(model.problems).toEqual([]);
  });

  it("P70: a lower mark that is heard after a greater one", () => {
    const { model } = startRun();
    model.noteSent("alice", "bob", "2");
    for (const id of ["2", "1"]) model.noteHeard("alice", { by: "alice", with: "bob", id });
    expect(model.problems).toEqual([]);
  });
});

describe("the model of read marks reports", () => {
  it("P71: a mark that its user was told, and that is lower in a later answer", () => {
    const { model, send, answer } = startRun();
    send("bob", "alice", "1");
    model.noteSent("alice", "bob", "1");
    model.noteHeard("alice", { by: "alice", with: "bob", id: "1" });
    answer("alice", { with: "bob", unread: 1, readBy: "1" });
    expect(model.problems).toEqual(["P71 read: alice's mark with bob went back from 1 to nothing (1 times)"]);
  });

  it("P71: a mark that the other user was told, and that is lower in a later answer", () => {
    const { model, send, answer } = startRun();
    for (const id of ["1", "2"]) send("alice", "bob", id);
    model.noteSent("bob", "alice", "2");
    model.noteHeard("alice", { by: "bob", with: "alice", id: "2" });
    answer("alice", { with: "bob", read: "2", readBy: "1", unread: 0 });
    expect(model.problems).toEqual([
      "P71 readBy: alice was told that bob has read up to 1, and not 2 (1 times)",
    ]);
  });

  it("P71: a message of the other user that no longer counts as read by them, because it was answered", () => {
    const { model, send, answer } = startRun();
    send("bob", "alice", "1");
    answer("alice", { with: "bob", unread: 1, readBy: "1" });
    send("alice", "bob", "2");
    answer("alice", { with: "bob", read: "2", unread: 0 });
    expect(model.problems).toEqual([
      "P71 readBy: alice was told that bob has read up to nothing, and not 1 (1 times)",
    ]);
  });

  it("P70, P71: a mark that nobody has sent", () => {
    const { model, send, answer } = startRun();
    send("bob", "alice", "1");
    model.noteHeard("bob", { by: "alice", with: "bob", id: "1" });
    answer("alice", { with: "bob", read: "1", unread: 0, readBy: "1" });
    expect(model.problems).toEqual([
      "P70 heard: bob heard 1 as the mark of alice with bob, which was never sent (1 times)",
      "P71 invented: alice was told that alice has read up to 1, which alice hasn't (1 times)",
    ]);
  });

  it.each([
    ["too few", 0],
    ["a deleted one", 2],
    ["no number", undefined],
  ])("P71: unread messages that are %s", (_, unread) => {
    const { ledger, model, send, answer } = startRun();
    const deletion = ledger.addChange("delete", send("bob", "alice", "1"));
    deletion.outcome = { kind: "acked", id: "2", atMs: 0 };
    send("bob", "alice", "3");
    const state = { with: "bob", readBy: "3" };
    answer("alice", { ...state, ...(unread !== undefined && { unread }) });
    expect(model.problems).toEqual([
      `P71 unread: alice has ${unread ?? -1} unread messages with bob after , and not 1 to 1 (1 times)`,
    ]);
  });

  it("P57: a conversation that the list lacks", () => {
    const { model, send, answer } = startRun();
    send("bob", "alice", "1");
    answer("alice");
    expect(model.problems).toEqual(["P57 list: alice's list lacked the conversation with bob (1 times)"]);
  });

  it("P71: in the end, each mark that isn't the greatest", () => {
    const { model, send } = startRun();
    for (const id of ["1", "2"]) send("bob", "alice", id);
    model.noteSent("alice", "bob", "2");
    expect(model.differences("alice", [{ with: "bob", read: "1" }])).toEqual([
      "alice has read up to 1 with bob, and not 2",
      "alice is told that bob has read up to , and not 2",
    ]);
  });
});
