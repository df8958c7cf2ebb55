import { until } from "@parley/async";
import { MemoryBus } from "@parley/bus/memory";
import { ChatError, ORIGIN, type RevocationEntry } from "@parley/models";
import { expect, it } from "vitest";
import type { PersisterEvent } from "../events.ts";
import { runRevocationKeeper } from "./revocation-keeper.ts";

it("L26: each change is kept in the store once, and again after a failure", async () => {
  const revocations = new MemoryBus({ lastStored: ORIGIN }).revocations();
  const writes: (readonly RevocationEntry[])[] = [];
  const events: PersisterEvent[] = [];
  let failures = 2;
  const keep = async (entries: readonly RevocationEntry[]) => {
    failures -= 1;
    if (failures >= 0) throw new ChatError("unavailable");
    writes.push(entries);
  };
  const store = { revocations: { keep, all: () => Promise.resolve([]) } };
  const stop = new AbortController();
  await revocations.revoke({ user: "alice", issuedBefore: 1 });
  const retry = { minMs: 1, maxMs: 2 };
  const running = runRevocationKeeper(
    { revocations, store, retry, observe: (event) => events.push(event) },
    stop.signal,
  );
  await until(() => writes.length === 1, "the first is kept");
  await revocations.revoke({ user: "bob", issuedBefore: 2 });
  await until(() => writes.length === 2, "the second is kept");
  await revocations.allow("alice", ["tokens"]);
  await until(() => writes.length === 3, "the deletion is kept");
  stop.abort();
  await running;
  expect(writes.map((entries) => entries.map(({ user, value }) => [user, value]))).toEqual([
    [["alice", 1]],
    [["bob", 2]],
    [["alice", 0]],
  ]);
  expect(events.map(({ type }) => type)).toEqual(["revocations-not-kept", "revocations-not-kept"]);
});
