import { describe, expect, it } from "vitest";
import { type BusFixture, codeOf, draft, send, type Told, until, type WithBus } from "./fixture.ts";
import { expectLogOrder, Load, type Sent, USERS } from "./load.ts";

export function describeLive(withBus: WithBus): void {
  describe("live", () => {
    it(
      "tells each message to its audiences that have joined, and to nobody else, in log order",
      withBus(async ({ append, live, told, gaps }) => {
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
        await until("the last is told", () => told.at(-1)?.content === "everybody");
        expect(byContent(told)).toEqual({
          both: ["alice", "bob"],
          recipient: ["bob"],
          sender: ["alice"],
          herself: ["alice"],
          everybody: [""],
        });
        expect(told.map(({ id }) => id)).toEqual(told.map(({ id }) => id).sort());
        expect(gaps).toEqual([]);
      }),
    );

    it(
      "leave ends listening, also where a join follows or came twice",
      withBus(async ({ append, live, told }) => {
        await live.join("alice");
        await live.join("alice");
        live.leave("alice");
        await append.append([draft("bob", "alice", "away"), draft("bob", "", "1")]);
        await until("the first is told", () => told.at(-1)?.content === "1");
        live.leave("alice");
        const joined = live.join("alice");
        live.leave("alice");
        await Promise.all([joined.catch(() => undefined), live.join("alice")]);
        await append.append([draft("bob", "alice", "back"), draft("bob", "", "2")]);
        await until("the second is told", () => told.at(-1)?.content === "2");
        expect(told.map(({ content }) => content)).toEqual(["1", "back", "2"]);
      }),
    );

    it(
      "L17: everything after a join's cursor is told, however many join amid appends",
      withBus(async (fixture) => {
        const load = new Load(fixture.append);
        const joins = await joinAndLeave(fixture, load);
        const sent = await load.end(500);
        await until("the last is told", () => fixture.told.at(-1)?.id === sent.at(-1)?.id);
        const toldAt = new Map(fixture.told.map(({ audience, id }, index) => [`${audience} ${id}`, index]));
        for (const join of joins) expect(missedBy(join, sent, toldAt)).toEqual([]);
        expectLogOrder(fixture.told);
        expect(new Set(fixture.told.map(({ audience, id }) => `${audience} ${id}`)).size).toBe(
          fixture.told.length,
        );
      }),
    );

    it(
      "L17: a cursor is not before what was acknowledged, nor after where history ends",
      withBus(async ({ append, live, tail, keeper }) => {
        for (let i = 0; i < 20; i += 1) {
          const id = await send(append, draft("bob", "alice", `m${i}`));
          expect((await live.join("alice")) >= id).toBe(true);
        }
        keeper.pause();
        const underWay = append.append([draft("bob", "alice", "under way")]);
        const cursor = await live.join("alice");
        expect(cursor <= (await tail.position())).toBe(true);
        keeper.resume();
        expect((await underWay).map(codeOf)).toEqual(["ok"]);
      }),
    );
  });
}

interface Joined {
  readonly user: string;
  readonly cursor: string;
  /** Set when the user leaves: what was told last. From there on it is promised the public room alone. */
  left?: string;
  /** How many messages had been told when it asked. */
  readonly from: number;
}

/** All USERS join over and over, while one of them leaves after each round. */
async function joinAndLeave(fixture: BusFixture, load: Load): Promise<readonly Joined[]> {
  const joins: Joined[] = [];
  const join = async (user: string, calls: number) => {
    const from = fixture.told.length;
    const cursor = await fixture.live.join(user);
    joins.push({ user, cursor, from });
    await load.more(calls);
  };
  for (let round = 0; round < 25; round += 1) {
    await Promise.all(USERS.map((user, k) => join(user, (round + k) % 3)));
    const leaving = USERS[round % USERS.length] ?? "";
    fixture.live.leave(leaving);
    const left = fixture.told.at(-1)?.id ?? "";
    for (const joined of joins) if (joined.user === leaving) joined.left ??= left;
  }
  return joins;
}

/** Ids after the cursor that were not told to the user, or to everybody, after the join was asked for. */
function missedBy(
  { user, cursor, from, left }: Joined,
  sent: readonly Sent[],
  toldAt: ReadonlyMap<string, number>,
): string[] {
  return sent
    .filter(({ id }) => id > cursor)
    .filter(({ id, draft }) => {
      const listening = left === undefined || id < left;
      const meant = draft.to === "" || (listening && (draft.from === user || draft.to === user));
      const audience = draft.to === "" ? "" : user;
      return meant && !((toldAt.get(`${audience} ${id}`) ?? -1) >= from);
    })
    .map(({ id }) => id);
}

/** Each message's content with its audiences. */
function byContent(told: readonly Told[]): Record<string, string[]> {
  const contents = new Set(told.map(({ content }) => content));
  const audiences = (of: string) =>
    told.filter(({ content }) => content === of).map(({ audience }) => audience);
  return Object.fromEntries(Array.from(contents, (content) => [content, audiences(content).sort()]));
}
