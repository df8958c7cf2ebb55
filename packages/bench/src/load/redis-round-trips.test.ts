import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { fsyncTimes } from "./fsync-times.ts";
import { completeReplies, redisRoundTrips } from "./redis-round-trips.ts";

it("counts complete replies, however a reply is cut", () => {
  const replies = "$5\r\na\r\nbc\r\n:1\r\n+PONG\r\n";
  expect(completeReplies(replies)).toBe(3);
  expect(completeReplies(replies.slice(0, -1))).toBe(2);
  expect(completeReplies(replies.slice(0, 9))).toBe(0);
  expect(completeReplies("")).toBe(0);
  expect(() => completeReplies(":1\r\n-ERR no such command\r\n")).toThrow("refused a command: ERR no such");
});

/** Starts a server that answers each group of data with a first reply, and some time later with the `rest`. */
async function startServer(first: string, rest = "") {
  const received: string[] = [];
  let owed = 0;
  const server = createServer((socket) =>
    socket.setNoDelay().on("data", (data) => {
      received.push(owed > 0 ? "a group before the replies" : String(data));
      owed += 1;
      socket.write(first);
      setTimeout(() => {
        owed -= 1;
        socket.write(rest);
      }, 20);
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return { port: address.port, received };
}

it("sends the next group only after every reply of the one before", async () => {
  const { port, received } = await startServer("+OK\r\n", ":1\r\n");
  const times = await redisRoundTrips(port, (n) => [["SET", "key", `${n}`], ["INCR"]], { count: 3 });
  expect(times).toHaveLength(3);
  expect(received).toEqual(
    [0, 1, 2].map((n) => `*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$1\r\n${n}\r\n*1\r\n$4\r\nINCR\r\n`),
  );
});

it("rejects if a command is refused", async () => {
  const { port } = await startServer("-ERR no\r\n");
  await expect(redisRoundTrips(port, () => [["PING"]], { count: 1 })).rejects.toThrow("refused a command");
});

it("times each fsync, ends at the limit of time, and leaves no file", async () => {
  const folder = await mkdtemp(join(tmpdir(), "parley-fsync-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const times = fsyncTimes(folder, { count: 5, maxMs: 60_000 });
  expect(times).toHaveLength(5);
  for (const time of times) expect(time).toBeGreaterThan(0);
  expect(fsyncTimes(folder, { count: 5, maxMs: 0 })).toHaveLength(1);
  expect(await readdir(folder)).toEqual([]);
});
