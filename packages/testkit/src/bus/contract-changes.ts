import { until } from "@parley/async";
import { type EntryDraft, formatId, isChange, type LogEntry, parseId, positionOf } from "@parley/models";
import { describe, expect, it } from "vitest";
import { type BusFixture, codeOf, deletion, draft, edit, idOf, send, type WithBus } from "./fixture.ts";

const open = new AbortController().signal;
const META = '{ "n":12345678901234567890 }';

/** Rules for edits, deletions and messages with meta (L25, L28). */
export function describeChanges(withBus: WithBus): void {
  describe("changes", () => {
    it(
      "L25: messages with meta, edits and deletions are consumed and delivered as they were appended, in one order",
      withBus(async (fixture) => {
        const { append, live, persister, delivered } = fixture;
        for (const user of ["alice", "bob", "carol"]) await live.join(user);
        const drafts = await everyKind(fixture);
        const entries = await appendAll(append, drafts);
        await until(() => persister.consumed.length === 2 + entries.length, "all is consumed");
        const consumed = persister.consumed.slice(2).map(({ entry }) => entry);
        expect(consumed).toEqual(entries);
        await until(() => delivered.at(-1)?.id === positionOf(entries.at(-1) as LogEntry), "all is live");
        const shown = delivered.filter(({ id }) => id >= positionOf(entries[0] as LogEntry));
        expect(shown.map(({ id }) => id)).toEqual(shown.map(({ id }) => id).toSorted());
        for (const entry of entries) {
          const live = shown.filter(({ id }) => id === positionOf(entry));
          expect(live.map(({ audience }) => audience).toSorted()).toEqual(audiencesOf(entry));
          for (const { draft } of live) expect(draft).toEqual(bare(entry));
        }
      }),
    );

    it(
      "L25, L19: everything of every kind is in the tail or stored, in log order",
      withBus(async (fixture) => {
        const { append, consume, tail, persister } = fixture;
        const drafts = await everyKind(fixture);
        persister.pause();
        const from = await tail.position();
        const appended = appendAll(append, drafts);
        const read = await tail.read(from, open);
        persister.resume();
        const entries = await appended;
        const end = await tail.position();
        // A log that acknowledges nothing before it is stored has an empty tail.
        expect(read).toMatchObject({ kind: "read", entries: consume.acknowledged ? entries : [] });
        await until(async () => (await tail.watermark()) === end, "all is stored");
        const stored = [...persister.stored.keys(), ...persister.changes.keys()];
        expect(entries.map(positionOf).every((id) => stored.includes(id) && id <= end)).toBe(true);
      }),
    );

    it(
      "L1, L28: ids of every kind go on together, and a change's id is above that of its message",
      withBus(async ({ append }) => {
        const message = draft("alice", "bob", "hi");
        const ids = [await send(append, message)];
        ids.push(await send(append, edit(ids[0] ?? "", message, "ho")));
        ids.push(await send(append, draft("alice", "", "x")));
        ids.push(await send(append, deletion(ids[0] ?? "", message)));
        // A failover may have lost a message that the caller has seen, and the clock may be behind.
        const seen = formatId({ ms: (parseId(ids[0] ?? "")?.ms ?? 0) + 3_600_000, seq: 4 });
        ids.push(seen, await send(append, edit(seen, message, "lost")), await send(append, message));
        expect(ids).toEqual([...new Set(ids)].toSorted());
      }),
    );

    it(
      "L5: the same change gets the first id and stays one entry, in one call or two, and others get ref_reused",
      withBus(async ({ append, persister, live, delivered }) => {
        await live.join("bob");
        const message = draft("alice", "bob", "hi");
        const id = await send(append, message);
        const one = edit(id, message, "ho", { ref: "e" });
        const results = (await Promise.all([append.append([one, one]), append.append([one])])).flat();
        expect(new Set(results.map(idOf)).size).toBe(1);
        expect(await send(append, one)).toBe(idOf(results[0]));
        const others = await append.append([
          edit(id, message, "other", { ref: "e" }),
          edit(id, message, "ho", { ref: "e", meta: "{}" }),
          deletion(id, message, { ref: "e" }),
        ]);
        expect(others.map(codeOf)).toEqual(["ref_reused", "ref_reused", "ref_reused"]);
        const last = await send(append, draft("alice", "bob", "end"));
        await until(() => persister.stored.has(last) && delivered.at(-1)?.id === last, "all is there");
        expect([persister.changes.size, delivered.length]).toEqual([1, 3]);
      }),
    );

    it(
      "L5: messages and changes share the refs of a conversation and user, and a moderator has refs of their own",
      withBus(async ({ append }) => {
        const message = draft("alice", "bob", "hi", "m");
        const id = await send(append, message);
        await send(append, edit(id, message, "ho", { ref: "e" }));
        const code = async (draft: EntryDraft) => codeOf((await append.append([draft]))[0]);
        expect(await code(edit(id, message, "hi", { ref: "m" }))).toBe("ref_reused");
        expect(await code(deletion(id, message, { ref: "m" }))).toBe("ref_reused");
        expect(await code(draft("alice", "bob", "ho", "e"))).toBe("ref_reused");
        expect(await code(draft("bob", "alice", "ho", "e"))).toBe("ok");
        expect(await code(draft("alice", "carol", "ho", "e"))).toBe("ok");
        expect(await code(deletion(id, message, { by: "carol", ref: "e" }))).toBe("ok");
      }),
    );

    it(
      "L5, P72: meta is part of what a ref stands for",
      withBus(async ({ append }) => {
        const message = { ...draft("alice", "bob", "hi", "r"), meta: META };
        const id = await send(append, message);
        expect(await send(append, message)).toBe(id);
        const { meta: _, ...plain } = message;
        const others = await append.append([plain, { ...message, meta: META.replaceAll(" ", "") }]);
        expect(others.map(codeOf)).toEqual(["ref_reused", "ref_reused"]);
      }),
    );

    it(
      "L28: a change that fails is delivered again and stays unstored, and one without a message is settled",
      withBus(async ({ append, consume, persister, tail }) => {
        const message = draft("alice", "bob", "hi");
        const id = await send(append, message);
        persister.decide = ({ entry, deliveries }) => {
          if (!isChange(entry)) return undefined;
          if (entry.kind === "delete") return { kind: "orphan" };
          return deliveries < 3 ? { kind: "failed", reason: "not now" } : undefined;
        };
        const results = append.append([edit(id, message, "ho"), deletion(id, message)]);
        await until(() => persister.changes.size === 1, "the edit is stored", 30_000);
        const [edited, deleted] = await results;
        expect(codeOf(edited)).toBe("ok");
        // Where senders get acks before the store knows, the ack is out already.
        expect(codeOf(deleted)).toBe(consume.acknowledged ? "ok" : "not_found");
        await until(async () => (await tail.watermark()) === (await tail.position()), "all is settled");
        const deliveries = persister.consumed.flatMap(({ entry, deliveries }) =>
          isChange(entry) ? [`${entry.kind} ${deliveries}`] : [],
        );
        expect(deliveries.toSorted()).toEqual(["delete 1", "edit 1", "edit 2", "edit 3"]);
      }),
      40_000,
    );

    it(
      "L13: entries of every kind whose id is taken are appended again as what they are, once",
      withBus(async (fixture) => {
        const { append, persister, live, delivered } = fixture;
        await live.join("bob");
        const drafts = await everyKind(fixture);
        await until(() => persister.stored.size === 2, "the messages to change are stored");
        const first = new Map<string, string>();
        persister.decide = ({ entry }) => {
          const key = JSON.stringify(bare(entry));
          if (first.has(key)) return undefined;
          first.set(key, positionOf(entry));
          return { kind: "idConflict" };
        };
        const entries = await append.append(drafts);
        expect(entries.map(codeOf)).toEqual(drafts.map(() => "ok"));
        await until(
          () => persister.stored.size + persister.changes.size === 2 + drafts.length,
          "all is stored",
        );
        const again = persister.consumed.slice(-drafts.length).map(({ entry }) => entry);
        expect(again.map(({ ref }) => ref)).toEqual(drafts.map(({ ref }) => ref));
        expect(again.map(bare)).toEqual(drafts.map(bare));
        for (const entry of again)
          expect(positionOf(entry) > (first.get(JSON.stringify(bare(entry))) ?? "~")).toBe(true);
        await until(() => delivered.at(-1)?.id === positionOf(again.at(-1) as LogEntry), "the last is live");
      }),
      40_000,
    );
  });
}

/** Appends two messages, and returns drafts of every kind, some of which change these messages. */
async function everyKind({ append }: Pick<BusFixture, "append">): Promise<EntryDraft[]> {
  const secret = draft("alice", "bob", "secret");
  const open = draft("carol", "", "open");
  const [toBob, toAll] = (await append.append([secret, open])).map(idOf);
  return [
    { ...draft("alice", "bob", "with meta", "1"), meta: META },
    edit(toBob ?? "", secret, 'an "edit" \u2028', { ref: "2" }),
    { ...draft("alice", "", "with meta"), meta: "{}" },
    edit(toAll ?? "", open, "edited", { meta: META }),
    draft("bob", "alice", "plain", "3"),
    deletion(toBob ?? "", secret, { ref: "4" }),
    deletion(toAll ?? "", open, { by: "moderator", ref: "5" }),
    draft("carol", "", "the end"),
  ];
}

/** Appends drafts in one call, and returns the entries that they became. */
async function appendAll(append: BusFixture["append"], drafts: readonly EntryDraft[]): Promise<LogEntry[]> {
  const ids = (await append.append(drafts)).map(idOf);
  return drafts.map((draft, i) => {
    const id = ids[i] ?? "";
    return isChange(draft) ? { ...draft, change: id } : { ...draft, id };
  });
}

function audiencesOf({ from, to }: EntryDraft): string[] {
  return to === "" ? [""] : [from, to].toSorted();
}

/** Returns an entry or a draft without its ref and its own id, as it is delivered live. */
function bare(entry: EntryDraft | LogEntry): object {
  const own = isChange(entry) ? "change" : "id";
  return Object.fromEntries(Object.entries(entry).filter(([name]) => name !== "ref" && name !== own));
}
