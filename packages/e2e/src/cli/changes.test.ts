import { until } from "@parley/async";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parleyFor } from "../rig/commands.ts";
import { type Deployment, startStandalone } from "../rig/shapes.ts";

describe("parley edit, delete, read and conversations", () => {
  let deployment: Deployment;
  let parley: ReturnType<typeof parleyFor>;
  beforeAll(async () => {
    deployment = await startStandalone({ env: { RATE_LIMIT: "0", AUTH_DEV_TOKENS: "true" } });
    parley = parleyFor(deployment);
  });
  afterAll(() => deployment?.stop());

  const linesOf = (text: string) =>
    text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));

  it("P73: print the change's id, and history shows the message as it is now", async () => {
    const [alice, bob] = [await parley.as("alice"), await parley.as("bob")];
    const sent = await parley.run(["send", "bob", "--meta", '{"order": 17}', "first"], alice);
    expect(sent).toMatchObject({ code: 0, err: "" });
    const id = sent.out.trim();
    const edited = await parley.run(["edit", id, "--ref", "e1", "second", "try"], alice);
    expect(edited).toMatchObject({ code: 0, err: "", out: expect.stringMatching(/^\d{13}-\d{10}-00\n$/) });
    expect(await parley.run(["edit", id, "--ref", "e1", "-"], alice, "second try\n")).toEqual(edited);
    const now = { id, content: "second try", meta: { order: 17 }, change: edited.out.trim(), edited: true };
    const history = ["history", "alice", "--json"];
    expect(linesOf((await parley.run(history, bob)).out)).toMatchObject([now]);
    expect((await parley.run(["history", "alice"], bob)).out).toContain("alice → bob: second try (edited)\n");
    const deleted = await parley.run(["delete", id, "--json"], alice);
    const { id: change } = JSON.parse(deleted.out);
    const [gone] = linesOf((await parley.run(history, bob)).out);
    expect(gone).toMatchObject({ id, content: "", change, deleted: true });
    expect(gone).not.toHaveProperty("meta");
    expect((await parley.run(["history", "alice"], bob)).out).toContain("alice → bob: (deleted)\n");
  });

  it("P74, P75: tail prints them as they happen, and those that were made while it was away", async () => {
    const carol = await parley.as("carol");
    const id = (await parley.run(["send", "carol", "first"], carol)).out.trim();
    const live = parley.start(["tail"], carol);
    const json = parley.start(["tail", "--json", "--changes", "--from", id], carol);
    const messagesOnly = parley.start(["tail", "--json", "--from", id], carol);
    await parley.untilLive(live, "carol", carol);
    const change = (await parley.run(["edit", id, "second\nline"], carol)).out.trim();
    await live.printed(/carol → carol edited, sent \d{4}-\d\d-\d\d \d\d:\d\d:\d\d: second\n {2}│ line\n/);
    await parley.run(["delete", id], carol);
    await live.printed(/carol → carol deleted, sent [^\n]+: \(deleted\)\n/);
    await json.printed(/"deleted"[^\n]*\n/);
    const later = parley.start(["tail", "--json", "--changes", "--from", id], carol);
    await later.printed(/"type":"deleted"[^\n]*\n/);
    await parley.run(["send", "carol", "the end"], carol);
    await messagesOnly.printed(/the end/);
    for (const tail of [live, json, messagesOnly, later]) tail.signal("SIGINT");
    const heard = linesOf((await json.exited).out).filter(({ type }) => type !== undefined);
    expect(heard).toMatchObject([
      { type: "edited", change, message: { id, content: "second\nline", edited: true } },
      { type: "deleted", message: { id, content: "", deleted: true } },
    ]);
    const caughtUp = linesOf((await later.exited).out).filter(({ type }) => type !== undefined);
    expect(caughtUp.map((line) => line.change)).toEqual(heard.map((line) => line.change));
    expect((await messagesOnly.exited).out).not.toContain('"type"');
    await Promise.all([live.exited]);
  });

  it("P70, P71: conversations says what is unread, and read marks it up to a message or all of it", async () => {
    const [gail, hank] = [await parley.as("gail"), await parley.as("hank")];
    const said = await parley.run(["send", "hank", "--lines"], gail, "one\ntwo\n");
    const [first = "", second = ""] = said.out.trim().split("\n");
    await parley.run(["send", "public", "to all\nof you"], gail);
    const lines = [
      "public \\(1 unread\\)  [-\\d: ]+ gail: to all",
      "gail \\(2 unread\\)  [-\\d: ]+ gail → hank: two",
    ];
    const listed = await parley.run(["conversations"], hank);
    expect(listed).toMatchObject({ code: 0, err: "" });
    expect(listed.out).toMatch(new RegExp(`^${lines.join("\n")}\n$`));
    const upTo = (id: string) => ({ code: 0, out: `${id}\n`, err: "" });
    expect(await parley.run(["read", "gail", first], hank)).toEqual(upTo(first));
    const [room, conversation] = linesOf((await parley.run(["conversations", "--json"], hank)).out);
    expect(room).toMatchObject({ with: "", unread: 1, last: { content: "to all\nof you" } });
    expect(conversation).toMatchObject({ with: "gail", unread: 1, read: first, readBy: second });
    expect(await parley.run(["read", "gail"], hank)).toEqual(upTo(second));
    expect(await parley.run(["read", "gail", first], hank)).toEqual(upTo(second));
    expect(await parley.run(["read", "public"], hank)).toEqual(upTo(room.last.id));
    expect(await parley.run(["conversations", "--unread"], hank)).toEqual({ code: 0, out: "", err: "" });
    await until(async () => {
      const [, theirs] = linesOf((await parley.run(["conversations", "--json"], gail)).out);
      return theirs.readBy === second;
    }, "the other user sees the mark");
    const [elsewhere, nothing] = await Promise.all([
      parley.run(["read", "gail", room.last.id], hank),
      parley.run(["read", "nobody"], hank),
    ]);
    expect(elsewhere).toMatchObject({ code: 2, err: expect.stringContaining("in another conversation") });
    expect(nothing).toMatchObject({ code: 0, out: "", err: expect.stringContaining("no messages") });
  });

  it.each([
    ["an id that isn't one", ["delete", "17"], 2, "<id> must be the id of a message"],
    ["no text", ["edit", "0000000000001-0000000000-00", "-"], 2, "the text is empty"],
    [
      "a meta that isn't an object",
      ["send", "bob", "--meta", "[]", "x"],
      2,
      "--meta: `meta` must be a JSON object.",
    ],
    ["an unknown message", ["delete", "0000000000001-0000000000-00"], 4, "(not_found)"],
  ])("%s gives an exit code and one clear line", async (_what, args, code, text) => {
    const done = await parley.run(args, await parley.as("dave"), "");
    expect(done).toMatchObject({ code, out: "" });
    expect(done.err).toContain(text);
  });

  it("P73: another user's message and a deleted one are refused with exit code 4", async () => {
    const [erin, frank] = [await parley.as("erin"), await parley.as("frank")];
    const id = (await parley.run(["send", "frank", "hello"], erin)).out.trim();
    const foreign = await parley.run(["edit", id, "mine"], frank);
    expect(foreign).toMatchObject({ code: 4, out: "", err: expect.stringContaining("(forbidden)") });
    await parley.run(["delete", id], erin);
    const again = await parley.run(["edit", id, "back"], erin);
    expect(again).toMatchObject({ code: 4, out: "", err: expect.stringContaining("(message_deleted)") });
  });
});
