import { setImmediate as nextTurn } from "node:timers/promises";
import { raceAbort, until } from "@parley/async";
import { ORIGIN } from "@parley/models";
import type { Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import type { LinkOptions } from "../connection/link.ts";
import type { Context } from "../context.ts";
import { MarkSubscriber } from "../marks/mark-subscriber.ts";
import { Gathering } from "./gathering.ts";
import { JoinBatcher } from "./join-batcher.ts";
import { Subscriptions } from "./subscriptions.ts";

interface Command {
  /** `+` and the users that are added, or `-` and those that are removed. */
  readonly text: string;
  answer(error?: Error): void;
}

/** A connection whose commands the test answers. Like Redis, it executes them in the order in which they were sent. */
class ScriptedConnection {
  readonly commands: Command[] = [];
  readonly subscribed = new Set<string>();
  readonly on = () => this;
  subscribe(...channels: string[]): Promise<void> {
    for (const channel of channels) this.subscribed.add(channel);
    return this.#send("+", channels);
  }
  unsubscribe(...channels: string[]): Promise<void> {
    for (const channel of channels) this.subscribed.delete(channel);
    return this.#send("-", channels);
  }
  get users(): string[] {
    return [...this.subscribed].map(userOf);
  }
  get sent(): string[] {
    return this.commands.map(({ text }) => text);
  }
  /** Waits for a command by its number, from 1. */
  async command(number: number): Promise<Command> {
    return until(() => this.commands[number - 1], `command ${number}`);
  }
  #send(sign: string, channels: readonly string[]): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const text = `${sign}${channels.map(userOf)}`;
    this.commands.push({ text, answer: (error) => (error ? reject(error) : resolve()) });
    return promise;
  }
}

interface Rig {
  /** Subscribes a new connection to everything that is wanted. */
  connect(connection: ScriptedConnection): Promise<void>;
  disconnect(): void;
  join(user: string): Promise<unknown>;
  leave(user: string): void;
  close(): Promise<void>;
  /** The connections of which a command failed. */
  readonly failed: ScriptedConnection[];
}

const clientOf = (connection: ScriptedConnection) => connection as unknown as Redis;
const userOf = (channel: string) => channel.slice(channel.lastIndexOf(":") + 1);

function messagesRig(): Rig {
  const subscriptions = new Subscriptions((user) => user, []);
  const failed: ScriptedConnection[] = [];
  let current: ScriptedConnection | undefined;
  const batcher = new JoinBatcher({
    subscriptions,
    connection: () => current && clientOf(current),
    cursorGeneration: () => 1,
    readEnd: async () => ORIGIN,
    onConnectionFailed: () => {
      if (current) failed.push(current);
      current = undefined;
    },
    problem: () => undefined,
    gathering: new Gathering(),
  });
  return {
    failed,
    async connect(connection) {
      await subscriptions.subscribeAll(clientOf(connection));
      current = connection;
      batcher.process();
    },
    disconnect: () => {
      current = undefined;
    },
    join: (user) => batcher.join(user),
    leave: (user) => batcher.leave(user),
    close: () => batcher.close("closed"),
  };
}

function marksRig(): Rig {
  const failed: ScriptedConnection[] = [];
  let [current, up] = [undefined as ScriptedConnection | undefined, Promise.withResolvers<Redis>()];
  let options: Pick<LinkOptions, "prepare" | "onDown"> | undefined;
  const disconnect = () => {
    [current, up] = [undefined, Promise.withResolvers()];
    options?.onDown?.();
  };
  const link = {
    get client() {
      return current && clientOf(current);
    },
    ready: (signal: AbortSignal) => raceAbort(up.promise, signal),
    replace: () => {
      if (current) failed.push(current);
      disconnect();
    },
    close: async () => disconnect(),
  };
  const connect = (given: typeof options) => {
    options = given;
    return link;
  };
  const names = { marksChannel: (user: string) => `marks:${user}` };
  const context = { names, revocations: { isStale: false }, gathering: new Gathering(), connect };
  const listener = { mark: () => undefined, missed: () => undefined };
  const subscriber = new MarkSubscriber(context as unknown as Context, listener);
  return {
    failed,
    async connect(connection) {
      await options?.prepare?.(clientOf(connection));
      current = connection;
      up.resolve(clientOf(connection));
    },
    disconnect,
    join: (user) => subscriber.join(user),
    leave: (user) => subscriber.leave(user),
    close: () => subscriber.close(),
  };
}

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const settle = () => {
    settled = true;
  };
  promise.then(settle, settle);
  for (let turn = 0; turn < 10; turn += 1) await nextTurn();
  return settled;
}

describe.each([
  ["messages", messagesRig],
  ["marks", marksRig],
] as const)("L17: while a command for %s is under way", (name, createRig) => {
  async function start() {
    const [rig, connection] = [createRig(), new ScriptedConnection()];
    await rig.connect(connection);
    const joined = rig.join("alice");
    return { rig, connection, joined, first: await connection.command(1) };
  }

  it("a user who leaves is unsubscribed by the next command", async () => {
    const { rig, connection, joined, first } = await start();
    rig.leave("alice");
    expect(await isSettled(joined)).toBe(false);
    expect(connection.sent).toEqual(["+alice"]);
    first.answer();
    (await connection.command(2)).answer();
    await joined;
    expect([connection.sent, connection.users]).toEqual([["+alice", "-alice"], []]);
    await rig.close();
  });

  it("a user who leaves and joins again stays subscribed, and no command is sent", async () => {
    const { rig, connection, joined, first } = await start();
    rig.leave("alice");
    const again = rig.join("alice");
    expect(await isSettled(again)).toBe(false);
    first.answer();
    await Promise.all([joined, again]);
    expect([connection.sent, connection.users]).toEqual([["+alice"], ["alice"]]);
    await rig.close();
  });

  it("a join waits for the next command, and nobody waits for one that is sent later", async () => {
    const { rig, connection, joined, first } = await start();
    const bob = rig.join("bob");
    const carol = rig.join("carol");
    rig.leave("alice");
    first.answer();
    await joined;
    const [removed, added] = [await connection.command(2), await connection.command(3)];
    expect(connection.sent).toEqual(["+alice", "-alice", "+bob,carol"]);
    removed.answer();
    expect(await isSettled(bob)).toBe(false);
    added.answer();
    await Promise.all([bob, carol]);
    await rig.close();
  });

  it("its failure replaces the connection, and the next one subscribes to what is wanted then", async () => {
    const { rig, connection, joined, first } = await start();
    const bob = rig.join("bob");
    rig.leave("alice");
    first.answer(new Error("down"));
    await until(() => rig.failed.length > 0, "the failure");
    const next = new ScriptedConnection();
    const connected = rig.connect(next);
    (await next.command(1)).answer();
    await Promise.all([connected, joined, bob]);
    expect([rig.failed, connection.sent]).toEqual([[connection], ["+alice"]]);
    expect([next.sent, next.users]).toEqual([["+bob"], ["bob"]]);
    await rig.close();
  });

  it("a lost connection ends it, and joins go on with the next connection", async () => {
    const { rig, connection, joined, first } = await start();
    rig.disconnect();
    const bob = rig.join("bob");
    first.answer();
    const next = new ScriptedConnection();
    const connected = rig.connect(next);
    (await next.command(1)).answer();
    await Promise.all([connected, joined, bob]);
    expect(connection.sent).toEqual(["+alice"]);
    expect([next.sent, next.users]).toEqual([["+alice,bob"], ["alice", "bob"]]);
    await rig.close();
  });

  it("close waits for it", async () => {
    const { rig, joined, first } = await start();
    const outcome = joined.then(
      () => "joined",
      () => "rejected",
    );
    const closed = rig.close();
    expect(await isSettled(closed)).toBe(false);
    first.answer();
    await closed;
    expect(await outcome).toBe(name === "messages" ? "rejected" : "joined");
  });
});
