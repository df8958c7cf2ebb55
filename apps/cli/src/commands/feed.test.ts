import { createServer, type ServerResponse } from "node:http";
import { closeServer, listen } from "@parley/service";
import { afterEach, describe, expect, it } from "vitest";
import type { Io } from "../terminal/io.ts";
import { feed } from "./feed.ts";

const PAGE = JSON.stringify({ entries: [{ id: "1", type: "message" }], cursor: "1", more: false });

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Runs the command against a server that answers its requests in these ways, one after the other. */
async function run(...answers: readonly ((res: ServerResponse) => void)[]) {
  let requests = 0;
  const server = createServer((_, res) => answers[requests++]?.(res));
  const { url } = await listen(server, { port: 0, host: "127.0.0.1" });
  closing.push(() => closeServer(server, 100));
  const printed: string[] = [];
  const notes: string[] = [];
  const io: Io = {
    stdin: process.stdin,
    stdout: process.stdout,
    print: (text) => printed.push(text),
    note: (text) => notes.push(text),
    ended: new AbortController().signal,
  };
  const target = { url, historyUrl: undefined, timeoutMs: 10_000, token: "t", as: undefined };
  await feed({ ...target, follow: false, after: undefined, since: undefined, until: undefined }, io);
  return { requests, printed, notes };
}

describe("parley feed", () => {
  it.each([
    [
      "that is cut off",
      (res: ServerResponse) => {
        res.writeHead(200, { "content-type": "application/json", "content-length": PAGE.length });
        res.write(PAGE.slice(0, 20), () => res.destroy());
      },
    ],
    ["that is no page", (res: ServerResponse) => void res.end("<p>Back soon</p>")],
    ["with a temporary error", (res: ServerResponse) => void res.writeHead(503).end()],
  ])("P63: an answer %s is requested again", async (_, answer) => {
    const { requests, printed, notes } = await run(answer, (res) => res.end(PAGE));
    expect(requests).toBe(2);
    expect(printed.map((line) => JSON.parse(line).id)).toEqual(["1"]);
    expect(notes).toEqual([expect.stringMatching(/; trying again$/)]);
  });

  it("P63: an error for good ends the command", async () => {
    const refused = run((res) => res.writeHead(403).end('{"code":"forbidden","detail":"No."}'));
    await expect(refused).rejects.toMatchObject({ message: "No. (forbidden)", exitCode: 4 });
  });
});
