import type { RevocationEntry } from "@parley/models";
import { expect, it } from "vitest";
import { newPlace, type OpenStore } from "./opening.ts";

const entry = (user: string, change: number, value: number): RevocationEntry => ({
  kind: "tokens",
  user,
  change,
  value,
});
const byUser = (entries: readonly RevocationEntry[]) =>
  entries.toSorted((a, b) => `${a.user} ${a.kind}`.localeCompare(`${b.user} ${b.kind}`));

/** The store keeps revocations for a log that is lost (L26). */
export function revocationRules(open: OpenStore): void {
  it("L26: keeps entries over a restart, those that were deleted too", async () => {
    const place = newPlace();
    const store = await open(place);
    expect(await store.revocations.all()).toEqual([]);
    const block: RevocationEntry = { kind: "user", user: "josé", change: 1_764_367_000_000_000, value: 0 };
    await store.revocations.keep([entry("bob", 1, 5), entry("josé", 2, 6), block]);
    await store.close();
    const again = await open(place);
    expect(byUser(await again.revocations.all())).toEqual(
      byUser([entry("bob", 1, 5), entry("josé", 2, 6), block]),
    );
  });

  it("L26: of two versions of an entry the one with the greater number stays, in any order", async () => {
    const store = await open();
    await store.revocations.keep([entry("bob", 3, 30), entry("carol", 1, 10)]);
    await store.revocations.keep([entry("bob", 2, 20), entry("carol", 2, 20), entry("dave", 1, 10)]);
    await store.revocations.keep([entry("bob", 3, 99)]);
    await store.revocations.keep([]);
    expect(byUser(await store.revocations.all())).toEqual([
      entry("bob", 3, 30),
      entry("carol", 2, 20),
      entry("dave", 1, 10),
    ]);
  });

  it("L26: of versions that are kept at the same time for the first time, the greatest stays", async () => {
    const store = await open();
    const users = Array.from({ length: 40 }, (_, n) => `user${n}`);
    const keep = (change: number) => store.revocations.keep(users.map((user) => entry(user, change, change)));
    await Promise.all([1, 2, 3, 4, 5, 6].map(keep));
    const kept = await store.revocations.all();
    expect(kept.map(({ change }) => change)).toEqual(users.map(() => 6));
  });
}
