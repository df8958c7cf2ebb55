import { connect, createServer, type Server, type Socket } from "node:net";
import { until } from "@parley/async";
import { type LocalServer, redisCommand } from "@parley/local";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { createContext } from "../context.ts";
import { RedisLiveFeed } from "../live/redis-live-feed.ts";
import { idOf, publicDraft, type Rig, startRig } from "../test/redis-rig.ts";
import { type RunningRoles, runRoles } from "../test/sentinel-rig.ts";
import { parseRedisUrl } from "./address.ts";
import { Link } from "./link.ts";

const AT_ONCE = { args: ["--repl-diskless-sync-delay", "0"] };
const one = await startRig(AT_ONCE);
const other = one && (await startRig(AT_ONCE));
afterAll(() => Promise.all([one?.stop(), other?.stop()]));

const forever = new AbortController().signal;

const follow = (server: LocalServer, port: number) =>
  redisCommand(server.port, "REPLICAOF", "127.0.0.1", `${port}`);
const promote = (server: LocalServer) => redisCommand(server.port, "REPLICAOF", "NO", "ONE");

/** The demoted server follows a master that doesn't exist, keeps its connections open and still answers commands. */
describe.skipIf(!one)("a server that was demoted", { timeout: 60_000 }, () => {
  const { server } = one as Rig;
  let roles: RunningRoles;
  const left = (role: string) =>
    roles.events.some((event) => event.type === "connection" && event.role === role && !event.up);

  beforeEach(async () => {
    await one?.reset();
    roles = await runRoles({ url: server.url });
    await roles.ready();
  });
  afterEach(async () => {
    await promote(server);
    await roles.close();
  });

  it("L22: its log's end, its pages and its watermark are rejected from the first moment on", async () => {
    const { append, tail } = roles;
    const from = await tail.watermark();
    const id = idOf((await append.append([publicDraft("kept")]))[0]);
    expect(await tail.read(from, forever)).toMatchObject({ kind: "read", position: id });
    await follow(server, 1);
    const answers = await Promise.allSettled([tail.position(), tail.watermark(), tail.read(from, forever)]);
    for (const answer of answers)
      expect(answer).toMatchObject({ status: "rejected", reason: { code: "unavailable" } });
    await until(() => /this Redis is a replica/.test(tail.problem() ?? ""), "the problem is reported");
    await promote(server);
    await until(() => !tail.problem(), "there is a master again");
    expect(await tail.position()).toBe(id);
  });

  it("L22: a read that is waiting for a message on it is rejected too", async () => {
    const { tail } = roles;
    const waiting = Promise.allSettled([tail.read(await tail.position(), forever)]);
    await until(
      async () => /cmd=xread /.test(await redisCommand(server.port, "CLIENT", "LIST")),
      "the read is blocking",
    );
    await follow(server, 1);
    expect(await waiting).toMatchObject([{ status: "rejected", reason: { code: "unavailable" } }]);
  });

  it("P23: the live stream leaves it though nobody sends; once there is a master, clients are told to sync", async () => {
    const { append, live, heard, gaps, ready } = roles;
    await live.join("alice");
    await follow(server, 1);
    await until(() => left("live"), "the old server is left");
    await promote(server);
    await ready();
    expect(gaps.length).toBe(1);
    const id = idOf((await append.append([publicDraft("next")]))[0]);
    await until(() => heard.at(-1) === id, "the next message is delivered");
  });

  it("L12: an idle persister leaves it and goes on once there is a master", async () => {
    const { append, consume, stored, ready } = roles;
    await follow(server, 1);
    await until(() => left("consume"), "the old server is left");
    await until(() => /this Redis is a replica/.test(consume.problem() ?? ""), "the problem is reported");
    await promote(server);
    await ready();
    const id = idOf((await append.append([publicDraft("stored")]))[0]);
    await until(() => stored.has(id), "the message is stored");
    await until(async () => (await consume.trim()).backlogEntries === 0, "all is settled");
  });
});

/**
 * Replicas get what their master publishes. So a subscriber that stays on the old master gets messages and markers
 * again once the old master follows the new one. But it misses everything published in between.
 */
describe.skipIf(!other)(
  "a live stream on another server than the append connection",
  { timeout: 60_000 },
  () => {
    const [old, next] = [one as Rig, other as Rig];
    let forwarder: Forwarder;
    let roles: RunningRoles;
    beforeEach(async () => {
      await old.reset().catch(() => undefined);
      forwarder = await openForwarder();
    });
    afterEach(async () => {
      await Promise.all([promote(old.server), promote(next.server)]);
      await roles.close();
      await forwarder.close();
    });

    it("L14: is interrupted by the first marker from another server", async () => {
      roles = await runRoles({ url: old.server.url });
      await roles.ready();
      forwarder.to(old.server);
      const context = createContext({ url: old.server.url });
      const appendLink = new Link({
        address: parseRedisUrl(forwarder.url),
        role: "append",
        observe: () => undefined,
        commandTimeoutMs: 1_000,
      });
      const listener = { message: () => undefined, gap: () => undefined };
      const live = new RedisLiveFeed(context, { listener, appendLink });
      try {
        await until(() => !live.problem(), "the live stream is up");
        await follow(next.server, old.server.port);
        await until(
          async () =>
            /master_link_status:up/.test(await redisCommand(next.server.port, "INFO", "replication")),
          "the replica has copied the data",
        );
        await promote(next.server);
        await follow(old.server, next.server.port);
        forwarder.to(next.server);
        await until(
          () => /this Redis is a replica/.test(live.problem() ?? ""),
          "the old server is left",
          20_000,
        );
      } finally {
        await live.close();
        await appendLink.close();
      }
    });
  },
);

/** A local port that is forwarded to one server, and later to another, as a DNS name or a virtual IP can be. */
interface Forwarder {
  readonly url: string;
  /** Changes the target and closes all connections. */
  to(server: LocalServer): void;
  close(): Promise<void>;
}

async function openForwarder(): Promise<Forwarder> {
  const sockets = new Set<Socket>();
  let port = 0;
  const track = (socket: Socket) => {
    sockets.add(socket.on("error", () => undefined).once("close", () => sockets.delete(socket)));
    return socket;
  };
  const server: Server = createServer((from) => {
    const upstream = track(connect(port, "127.0.0.1"));
    track(from).pipe(upstream).pipe(from);
    from.once("close", () => upstream.destroy());
    upstream.once("close", () => from.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const closeAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `redis://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`,
    to(target) {
      port = target.port;
      closeAll();
    },
    async close() {
      closeAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
