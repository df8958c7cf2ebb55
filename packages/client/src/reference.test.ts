import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ERRORS } from "@parley/models";
import { describe, expect, it } from "vitest";
import { ParleyClient } from "./client.ts";
import { resolveOptions } from "./options.ts";

const source = (file: string) => readFileSync(join(import.meta.dirname, file), "utf8");
const reference = readFileSync(join(import.meta.dirname, "../../../docs/sdk.md"), "utf8");

/** Returns the name in backticks in the first cell of each row under a heading. `send(…)` becomes `send`. */
function rowsUnder(heading: string): string[] {
  const [, after = ""] = reference.split(new RegExp(`^#+ ${heading}$`, "m"));
  const [section = ""] = after.split(/^#+ /m);
  return [...section.matchAll(/^\| `(\w[\w-]*)/gm)].map(([, name = ""]) => name);
}

const namesIn = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, name = ""]) => name);

describe("docs/sdk.md, the reference", () => {
  it("names every export", () => {
    const lists = namesIn(source("index.ts"), /\{ (.*) \}/g).join(", ");
    const exported = lists.split(", ").map((name) => name.replace("type ", ""));
    expect(exported.length).toBeGreaterThan(10);
    for (const name of exported) expect(reference).toContain(`\`${name}\``);
  });

  it("has every option, and no other, with its default", () => {
    const [, declared = ""] = source("options.ts").split("interface ConnectOptions {");
    const options = namesIn(declared.split("\n}\n")[0] ?? "", /^ {2}readonly (\w+)\??:/gm);
    expect(rowsUnder("connect").toSorted()).toEqual(options.toSorted());
    const { sends, heartbeat, backoff, ...settings } = resolveOptions({
      url: "ws://chat.example/ws",
      token: () => "",
    });
    const defaults: [string, string | number][] = [
      ["sendDeadlineMs", sends.deadlineMs],
      ["maxPendingSends", sends.maxPending],
      ["maxBufferedMessages", settings.maxBuffered],
      ["syncPageSize", settings.syncPageSize],
      ["requestTimeoutMs", settings.requestTimeoutMs],
      ["from", settings.from],
      ["heartbeat", `everyMs: ${heartbeat.everyMs}, timeoutMs: ${heartbeat.timeoutMs}`],
      ["backoff", `baseMs: ${backoff.baseMs}, maxMs: ${backoff.maxMs}`],
    ];
    for (const [name, value] of defaults) {
      const row = reference.split("\n").find((line) => line.startsWith(`| \`${name}\` |`)) ?? "";
      expect(row.split("|")[2]?.replaceAll(/(?<=\d)[,_](?=\d)/g, ""), name).toContain(String(value));
    }
  });

  it("has every member of a client, and no other", () => {
    const members = Object.getOwnPropertyNames(ParleyClient.prototype).filter(
      (name) => name !== "constructor",
    );
    expect(rowsUnder("The client").toSorted()).toEqual(members.toSorted());
  });

  it("names every option of a send", () => {
    const [, declared = ""] = source("sending/send-queue.ts").split("interface SendOptions {");
    const options = namesIn(declared.split("\n}\n")[0] ?? "", /^ {2}readonly (\w+)\??:/gm);
    expect(options).toContain("ref");
    for (const name of options) expect(reference).toMatch(new RegExp(`^- \`${name}\`: `, "m"));
  });

  it("has every state, and no other", () => {
    expect(rowsUnder("States")).toEqual(namesIn(source("state.ts"), /readonly phase: "([a-z-]+)"/g));
  });

  it("has every error code of the SDK, and no other", () => {
    const own = namesIn(source("errors.ts"), /^ {2}\| "(\w+)"/gm);
    expect(own).toContain("outcome_unknown");
    expect(rowsUnder("Of the SDK").toSorted()).toEqual(own.toSorted());
  });

  it("G4: has every error code of the server, or says that the SDK never rejects with it", () => {
    const [, never = ""] = reference.split("The SDK never rejects with ");
    const unmet = namesIn(never.split(":")[0] ?? "", /`(\w+)`/g);
    expect([...rowsUnder("Of the server"), ...unmet].toSorted()).toEqual(Object.keys(ERRORS).toSorted());
  });
});
