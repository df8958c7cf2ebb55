import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clientAccess } from "./shapes.ts";

const HEAD = { "content-type": "application/json" };
const answers: Readonly<Record<string, (res: ServerResponse) => void>> = {
  whole: (res) => res.writeHead(200, HEAD).end("[1]"),
  "cut off": (res) => void res.writeHead(200, HEAD).write("[1", () => res.destroy()),
  "not JSON": (res) => res.writeHead(200, HEAD).end("[1"),
  unavailable: (res) => res.writeHead(503, HEAD).end("{}"),
  forbidden: (res) => res.writeHead(403, HEAD).end("{}"),
};
/** The answers to the next requests. The last one is given again and again. */
let next: string[] = [];
const server = createServer((_, res) => {
  const name = next.length > 1 ? next.shift() : next[0];
  answers[name ?? ""]?.(res);
});
const { tryRead, read } = clientAccess(
  ["", ""],
  () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
);

beforeAll(() => once(server.listen(0, "127.0.0.1"), "listening"));
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe("an answer of history", () => {
  it("is none if it is a 503 or cut off, and is read again then", async () => {
    for (const none of ["unavailable", "cut off"]) {
      next = [none];
      expect(await tryRead("alice", "/messages")).toBeUndefined();
      next = [none, none, "whole"];
      expect(await read("alice", "/messages")).toEqual([1]);
    }
  });

  it.each(["not JSON", "forbidden"])("fails the test at once if it is %s", async (name) => {
    next = [name, "whole"];
    await expect(read("alice", "/messages")).rejects.toMatchObject({ name: "AssertionError" });
  });
});
