import { until } from "@parley/async";
import { idBefore } from "@parley/models";
import { describe, expect, it } from "vitest";
import { contentOf, draft, expectLag, idOf, messageOf, send, type WithBus } from "./fixture.ts";

export function describeConsume(withBus: WithBus): void {
  describe("consume", () => {
    it(
      "delivers every message once, in log order, with its ref, if nothing fails",
      withBus(async ({ append, persister }) => {
        const drafts = Array.from({ length: 1_200 }, (_, i) => draft("alice", "bob", `m${i}`, `r${i}`));
        const ids = (await append.append(drafts)).map(idOf);
        await until(() => persister.stored.size === drafts.length, "all are stored");
        expect(persister.consumed.map(({ entry }) => entry)).toEqual(
          drafts.map((one, i) => ({ ...one, id: ids[i] })),
        );
        expect(persister.consumed.every(({ deliveries }) => deliveries === 1)).toBe(true);
      }),
    );

    it(
      "delivers a failed message again, counting deliveries, until it is stored; others are not held up",
      withBus(async ({ append, persister, delivered }) => {
        persister.decide = ({ entry, deliveries }) =>
          contentOf({ entry }) === "bad" && deliveries < 3
            ? { kind: "failed", reason: "not now" }
            : undefined;
        const drafts = ["a", "bad", "b"].map((content) => draft("alice", "", content));
        const ids = (await append.append(drafts)).map(idOf);
        await until(() => persister.stored.size === 3, "all are stored", 30_000);
        const bad = persister.consumed.filter((consumed) => contentOf(consumed) === "bad");
        expect(bad.map(({ deliveries }) => deliveries)).toEqual([1, 2, 3]);
        expect(new Set(bad.map((consumed) => messageOf(consumed).id))).toEqual(new Set([ids[1]]));
        await until(() => delivered.length === 3, "all are delivered");
        expect(delivered.map(({ id }) => id)).toEqual(ids);
      }),
      40_000,
    );

    it(
      "L13: a message whose id is taken in the store is stored under a new id, once",
      withBus(async ({ append, persister }) => {
        const first = new Set<string>();
        persister.decide = (consumed) => {
          const message = messageOf(consumed);
          if (first.size > 0 || message.content !== "taken") return undefined;
          first.add(message.id);
          return { kind: "idConflict" };
        };
        const results = append.append([draft("alice", "bob", "taken", "r"), draft("alice", "bob", "after")]);
        await until(() => persister.stored.size === 2, "both are stored");
        const kept = [...persister.stored.values()].find(({ content }) => content === "taken");
        expect(kept?.ref).toBe("r");
        expect(first.has(kept?.id ?? "")).toBe(false);
        expect((await results).map(idOf).length).toBe(2);
        await send(append, draft("alice", "bob", "end"));
        await until(() => persister.stored.size === 3, "the last is stored");
      }),
    );

    it(
      "next ends when its signal is aborted",
      withBus(async ({ consume, persister }) => {
        await persister.stop();
        const stop = new AbortController();
        const waiting = consume.next(stop.signal).catch(() => []);
        stop.abort();
        expect(await waiting).toEqual([]);
      }),
    );

    it(
      "L12: trim returns the log's state, and the backlog falls to zero",
      withBus(async ({ append, consume, persister }) => {
        persister.pause();
        const sent = append.append([draft("alice", "", "one"), draft("alice", "", "two")]);
        await until(async () => (await consume.trim()).backlogEntries === 2, "there is a backlog");
        const full = await consume.trim();
        expect(full.backlogBytes).toBeGreaterThanOrEqual(6);
        persister.resume();
        const last = idOf((await sent)[1]);
        await until(async () => (await consume.trim()).backlogEntries === 0, "there is none");
        const empty = await consume.trim();
        expect(empty).toMatchObject({ backlogBytes: 0, end: last, watermark: last });
        expect(full.watermark < full.end).toBe(true);
      }),
    );

    it(
      "L12: the lag is the exact age of the oldest message that isn't stored, in the consumer and in the tail",
      withBus(async ({ append, consume, tail, persister }) => {
        expect(await consume.trim()).toMatchObject({ lagMs: 0, deadLetters: 0 });
        persister.decide = (consumed) =>
          contentOf(consumed) === "stored" ? undefined : { kind: "failed", reason: "not now" };
        const sent = append.append(["stored", "oldest", "newer"].map((text) => draft("alice", "", text)));
        const oldest = () =>
          persister.consumed.map(messageOf).find(({ content }) => content === "oldest")?.id;
        await until(async () => oldest() && (await tail.state()).backlogEntries === 2, "two are not stored");
        for (const measure of [() => consume.trim(), () => tail.state()]) {
          await until(async () => (await measure()).lagMs > 50, "the oldest message gets older");
          await expectLag(oldest() ?? "", measure);
        }
        persister.decide = () => undefined;
        await sent;
        await until(async () => (await tail.state()).backlogEntries === 0, "all are stored");
        expect(await tail.state()).toEqual(await consume.trim());
        expect(await tail.state()).toMatchObject({ lagMs: 0 });
      }),
      40_000,
    );

    it(
      "L28: the watermark is just before the first entry that isn't stored, and the log's end if all are",
      withBus(async ({ append, consume, persister }) => {
        persister.decide = (consumed) =>
          contentOf(consumed) === "waits" ? { kind: "failed", reason: "not now" } : undefined;
        await send(append, draft("alice", "", "stored"));
        const sentAt = performance.now();
        // The next id has another millisecond, so there are ids between the two.
        await until(() => performance.now() - sentAt > 2, "the next millisecond");
        const sent = append.append(["waits", "after"].map((text) => draft("alice", "", text)));
        await until(() => persister.stored.size === 2, "two are stored");
        const waiting = persister.consumed.map(messageOf).find(({ content }) => content === "waits");
        await until(
          async () => (await consume.watermark()) === idBefore(waiting?.id ?? ""),
          "the watermark is before the one that waits",
        );
        persister.decide = () => undefined;
        const ids = (await sent).map(idOf);
        await until(async () => (await consume.watermark()) === ids.at(-1), "all are stored");
      }),
      40_000,
    );

    it(
      "has no dead letters if everything can be decoded",
      withBus(async ({ consume }) => {
        expect(await consume.deadLetters.list({ limit: 10 })).toEqual([]);
      }),
    );
  });
}
