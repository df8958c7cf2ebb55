import { describe, expect, it } from "vitest";
import { firstSteps } from "./first-steps.ts";

const tokens = { alice: "aaa.aaa.aaa", bob: "bbb.bbb.bbb" };

/** That the lines do what they say is shown where there is something to talk to: standalone's tests. */
describe("first steps", () => {
  const text = firstSteps("http://localhost:8080", tokens, "/opt/node/bin/node");

  it("has a line for each of both to chat with the other", () => {
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

  it("takes the Node that runs, wherever it is", () => {
    expect(firstSteps("https://chat.example", tokens)).toContain(process.execPath);
    expect(firstSteps("https://chat.example", tokens)).toContain("wss://chat.example/ws");
    const windows = "C:\\Program Files\\nodejs\\node.exe";
    expect(firstSteps("http://localhost:1", tokens, windows)).toContain(`  "${windows}" -e `);
  });
});
