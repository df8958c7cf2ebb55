import { until } from "@parley/async";
import { describe, expect, it } from "vitest";
import { type BusFixture, codeOf, type Delivered, draft, send, type WithBus } from "./fixture.ts";
import { expectLogOrder, Load, type Sent, USERS } from "./load.ts";

export function describeLive(withBus: WithBus): void {
  describe("live", () => {
    it(
      "delivers each message to its joined audiences only, in log order",
      withBus(async ({ append, live, delivered, gaps }) => {
        await live.join("alice");
        await live.join("bob");
        await append.append([
          draft("alice", "bob", "both"),
          draft("carol", "bob", "recipient"),
          draft("alice", "carol", "sender"),
          draft("carol", "dave", "nobody"),
          draft("alice", "alice", "herself"),
          draft("carol", "", "everybody"),
        ]);
        await until(() => delivered.at(-1)?.content === "everybody", "the last is delivered");
        expect(byContent(delivered)).toEqual({
          both: ["alice", "bob"],
          recipient: ["bob"],
          sender: ["alice"],
          herself: ["alice"],
          everybody: [""],
        });
        expect(delivered.map(({ id }) => id)).toEqual(delivered.map(({ id }) => id).sort());
        expect(gaps).toEqual([]);
      }),
    );

    it(
      "leave ends a subscription, also after two joins or during a join",
      withBus(async ({ append, live, delivered }) => {
        await live.join("alice");
        await live.join("alice");
        live.leave("alice");
        await append.append([draft("bob", "alice", "away"), draft("bob", "", "1")]);
        await until(() => delivered.at(-1)?.content === "1", "the first is delivered");
        live.leave("alice");
        const joined = live.join("alice");
        live.leave("alice");
        await Promise.all([joined.catch(() => undefined), live.join("alice")]);
        await append.append([draft("bob", "alice", "back"), draft("bob", "", "2")]);
        await until(() => delivered.at(-1)?.content === "2", "the second is delivered");
        expect(delivered.map(({ content }) => content)).toEqual(["1", "back", "2"]);
      }),
    );

    it(
      "L17: everything after a join's cursor is delivered, with many joins during appends",
      withBus(async (fixture) => {
        const load = new Load(fixture.append);
        const joins = await joinAndLeave(fixture, load);
        const sent = await load.end(500);
        await until(() => fixture.delivered.at(-1)?.id === sent.at(-1)?.id, "the last is delivered");
        const deliveredAt = new Map(
          fixture.delivered.map(({ audience, id }, index) => [`${audience} ${id}`, index]),
        );
        for (const join of joins) expect(missedBy(join, sent, deliveredAt)).toEqual([]);
        expectLogOrder(fixture.delivered);
        expect(new Set(fixture.delivered.map(({ audience, id }) => `${audience} ${id}`)).size).toBe(
          fixture.delivered.length,
        );
      }),
    );

    it(
      "L17: a cursor is not before an acknowledged message, nor after the end of history",
      withBus(async ({ append, live, tail, persister }) => {
        for (let i = 0; i < 20; i += 1) {
          const id = await send(append, draft("bob", "alice", `m${i}`));
          expect((await live.join("alice")) >= id).toBe(true);
        }
        persister.pause();
        const underWay = append.append([draft("bob", "alice", "under way")]);
        const cursor = await live.join("alice");
        expect(cursor <= (await tail.position())).toBe(true);
        persister.resume();
        expect((await underWay).map(codeOf)).toEqual(["ok"]);
      }),
    );
  });
}

interface Joined {
  readonly user: string;
  readonly cursor: string;
  /** The last id delivered before the user left. After this id, only public messages are guaranteed. */
  left?: string;
  /** The number of messages delivered before `join` was called. */
  readonly from: number;
}

/** In each round all USERS join, and then one of them leaves. */
async function joinAndLeave(fixture: BusFixture, load: Load): Promise<readonly Joined[]> {
  const joins: Joined[] = [];
  const join = async (user: string, calls: number) => {
    const from = fixture.delivered.length;
    const cursor = await fixture.live.join(user);
    joins.push({ user, cursor, from });
    await load.more(calls);
  };
  for (let round = 0; round < 25; round += 1) {
    await Promise.all(USERS.map((user, k) => join(user, (round + k) % 3)));
    const leaving = USERS[round % USERS.length] ?? "";
    fixture.live.leave(leaving);
    const left = fixture.delivered.at(-1)?.id ?? "";
    for (const joined of joins) if (joined.user === leaving) joined.left ??= left;
  }
  return joins;
}

/**
 * Returns the ids of messages after the cursor that should have been delivered after `join` was called, to the user
 * or to everybody, but weren't.
 */
function missedBy(
  { user, cursor, from, left }: Joined,
  sent: readonly Sent[],
  deliveredAt: ReadonlyMap<string, number>,
): string[] {
  return sent
    .filter(({ id }) => id > cursor)
    .filter(({ id, draft }) => {
      const isSubscribed = left === undefined || id < left;
      const isMeant = draft.to === "" || (isSubscribed && (draft.from === user || draft.to === user));
      const audience = draft.to === "" ? "" : user;
      return isMeant && !((deliveredAt.get(`${audience} ${id}`) ?? -1) >= from);
    })
    .map(({ id }) => id);
}

/** Returns the audiences to which each message was delivered, by the message's content. */
function byContent(delivered: readonly Delivered[]): Record<string, string[]> {
  const contents = new Set(delivered.map(({ content }) => content));
  const audiences = (of: string) =>
    delivered.filter(({ content }) => content === of).map(({ audience }) => audience);
  return Object.fromEntries(Array.from(contents, (content) => [content, audiences(content).sort()]));
}
