import { describe, expect, it } from "vitest";
import { quickStart } from "./quick-start.ts";

const tokens = { alice: "aaa.aaa.aaa", bob: "bbb.bbb.bbb" };

/** The tests of standalone run these commands against a server. */
describe("quick start", () => {
  const text = quickStart("http://localhost:8080", tokens, "/opt/node/bin/node");

  it("has a line for each user to chat with the other", () => {
    const lines = text.split("\n").filter((line) => line.includes("WebSocket("));
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(
      /^ {2}\/opt\/node\/bin\/node -e '.*ws:\/\/localhost:8080\/ws.*aaa\.aaa.*to:"bob".*'$/,
    );
    expect(lines[1]).toMatch(/bbb\.bbb.*to:"alice"/);
  });

  it("has a line that reads the history", () => {
    expect(text).toContain(
      'curl -s -H "Authorization: Bearer aaa.aaa.aaa" http://localhost:8080/messages/bob',
    );
  });

  it("uses the running Node binary, wherever it is", () => {
    expect(quickStart("https://chat.example", tokens)).toContain(process.execPath);
    expect(quickStart("https://chat.example", tokens)).toContain("wss://chat.example/ws");
    const windows = "C:\\Program Files\\nodejs\\node.exe";
    expect(quickStart("http://localhost:1", tokens, windows)).toContain(`  "${windows}" -e `);
  });
});
