import { connect, createServer, type Server, type Socket } from "node:net";
import { type OwnServer, redisCommand } from "@parley/local";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { createContext } from "../context.ts";
import { RedisLiveFeed } from "../live/redis-live-feed.ts";
import { idOf, publicDraft, type Rig, startRig, until } from "../test/redis-rig.ts";
import { type RunningRoles, runRoles } from "../test/sentinel-rig.ts";
import { addressOf } from "./address.ts";
import { Link } from "./link.ts";

const AT_ONCE = { args: ["--repl-diskless-sync-delay", "0"] };
const one = await startRig(AT_ONCE);
const other = one && (await startRig(AT_ONCE));
afterAll(() => Promise.all([one?.stop(), other?.stop()]));

const forever = new AbortController().signal;

const follow = (server: OwnServer, port: number) =>
  redisCommand(server.port, "REPLICAOF", "127.0.0.1", `${port}`);
const promote = (server: OwnServer) => redisCommand(server.port, "REPLICAOF", "NO", "ONE");

/** It follows a master that is not there, keeps its connections open, and answers whatever it is asked. */
describe.skipIf(!one)("a server that was demoted", { timeout: 60_000 }, () => {
  const { server } = one as Rig;
  let house: RunningRoles;
  const left = (role: string) =>
    house.events.some((event) => event.type === "connection" && event.role === role && !event.up);

  beforeEach(async () => {
    await one?.reset();
    house = await runRoles({ url: server.url });
    await house.ready();
  });
  afterEach(async () => {
    await promote(server);
    await house.close();
  });

  it("L22: its log's end, its pages and its watermark are nobody's answer, from the first moment on", async () => {
    const { append, tail } = house;
    const from = await tail.watermark();
    const id = idOf((await append.append([publicDraft("kept")]))[0]);
    expect(await tail.read(from, forever)).toMatchObject({ kind: "read", position: id });
    await follow(server, 1);
    const answers = await Promise.allSettled([tail.position(), tail.watermark(), tail.read(from, forever)]);
    for (const answer of answers)
      expect(answer).toMatchObject({ status: "rejected", reason: { code: "unavailable" } });
    await until("it says why", () => /this Redis is a replica/.test(tail.problem() ?? ""));
    await promote(server);
    await until("there is a master again", () => !tail.problem());
    expect(await tail.position()).toBe(id);
  });

  it("L22: a read that waits on it for something to come has no answer either", async () => {
    const { tail } = house;
    const waiting = Promise.allSettled([tail.read(await tail.position(), forever)]);
    await until("it waits", async () => /cmd=xread /.test(await redisCommand(server.port, "CLIENT", "LIST")));
    await follow(server, 1);
    expect(await waiting).toMatchObject([{ status: "rejected", reason: { code: "unavailable" } }]);
  });

  it("P23: the live stream leaves it though nobody sends; when there is a master again clients are told", async () => {
    const { append, live, heard, gaps, ready } = house;
    await live.join("alice");
    await follow(server, 1);
    await until("it is left", () => left("live"));
    await promote(server);
    await ready();
    expect(gaps.length).toBe(1);
    const id = idOf((await append.append([publicDraft("next")]))[0]);
    await until("the next is told", () => heard.at(-1) === id);
  });

  it("L12: a persister at rest leaves it, and goes on where there is a master again", async () => {
    const { append, consume, stored, ready } = house;
    await follow(server, 1);
    await until("it is left", () => left("consume"));
    await until("it says why", () => /this Redis is a replica/.test(consume.problem() ?? ""));
    await promote(server);
    await ready();
    const id = idOf((await append.append([publicDraft("stored")]))[0]);
    await until("it is stored", () => stored.has(id));
    await until("all is settled", async () => (await consume.trim()).backlogEntries === 0);
  });
});

/**
 * What a master publishes is heard on its replicas too: a subscriber that stayed on the old master goes on hearing,
 * also the markers, but not what was published while the old master was on its way to the new one.
 */
describe.skipIf(!other)(
  "a live stream whose server is no more the one that is appended to",
  { timeout: 60_000 },
  () => {
    const [old, next] = [one as Rig, other as Rig];
    let door: Door;
    let house: RunningRoles;
    beforeEach(async () => {
      await old.reset().catch(() => undefined);
      door = await openDoor();
    });
    afterEach(async () => {
      await Promise.all([promote(old.server), promote(next.server)]);
      await house.close();
      await door.close();
    });

    it("L14: is interrupted by the first marker that comes from another server", async () => {
      house = await runRoles({ url: old.server.url });
      await house.ready();
      door.to(old.server);
      const context = createContext({ url: old.server.url });
      const appendLink = new Link({
        address: addressOf(door.url),
        role: "append",
        observe: () => undefined,
        commandTimeoutMs: 1_000,
      });
      const listener = { message: () => undefined, gap: () => undefined };
      const live = new RedisLiveFeed(context, { listener, appendLink });
      try {
        await until("it is whole", () => !live.problem());
        await follow(next.server, old.server.port);
        await until("there is a copy", async () =>
          /master_link_status:up/.test(await redisCommand(next.server.port, "INFO", "replication")),
        );
        await promote(next.server);
        await follow(old.server, next.server.port);
        door.to(next.server);
        await until("it is left", () => /this Redis is a replica/.test(live.problem() ?? ""), 20_000);
      } finally {
        await live.close();
        await appendLink.close();
      }
    });
  },
);

/** A port that leads to one server now and to another later, as a name or a virtual address does. */
interface Door {
  readonly url: string;
  /** Whoever is connected is hung up on. */
  to(server: OwnServer): void;
  close(): Promise<void>;
}

async function openDoor(): Promise<Door> {
  const sockets = new Set<Socket>();
  let port = 0;
  const keep = (socket: Socket) => {
    sockets.add(socket.on("error", () => undefined).once("close", () => sockets.delete(socket)));
    return socket;
  };
  const server: Server = createServer((from) => {
    const there = keep(connect(port, "127.0.0.1"));
    keep(from).pipe(there).pipe(from);
    from.once("close", () => there.destroy());
    there.once("close", () => from.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const hangUp = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `redis://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`,
    to(target) {
      port = target.port;
      hangUp();
    },
    async close() {
      hangUp();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
