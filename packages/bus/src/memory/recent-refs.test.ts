import { contentDigest, type EntryDraft, ORIGIN } from "@parley/models";
import { describe, expect, it } from "vitest";
import type { OnOutcome } from "./journal.ts";
import { RecentRefs } from "./recent-refs.ts";

const ignore: OnOutcome = () => undefined;
const message = (ref: string) => ({ from: "alice", to: "bob", content: "hi", ref });
const edit = (ref: string, content = "ho") => ({
  kind: "edit" as const,
  ...{ from: "alice", to: "bob", id: ORIGIN, digest: contentDigest({ content: "hi" }), content, ref },
});

function kindOf(refs: RecentRefs, draft: EntryDraft): string {
  return refs.find(draft)?.kind ?? "free";
}

describe("recent refs", () => {
  it("L5: a ref is taken by a change for messages and other changes, and by a message for changes alone", () => {
    const refs = new RecentRefs();
    refs.remember(edit("e"), ignore);
    refs.remember(message("m"), ignore);
    expect([edit("e"), edit("e", "x"), message("e")].map((draft) => kindOf(refs, draft))).toEqual([
      "same",
      "other",
      "other",
    ]);
    expect([edit("m"), message("m")].map((draft) => kindOf(refs, draft))).toEqual(["other", "free"]);
    expect(kindOf(refs, { ...edit("e"), from: "bob", to: "alice" })).toBe("free");
  });

  it("L5: a change that is sent again has the outcome of the first, and leaves its ref free if it isn't stored", async () => {
    const refs = new RecentRefs();
    const outcomes: string[] = [];
    const note: OnOutcome = (id, { kind }) => outcomes.push(`${id} ${kind}`);
    const settle = refs.remember(edit("e"), note);
    const again = refs.find(edit("e"));
    if (again?.kind === "same") again.outcome(note);
    settle("7", { kind: "stored" });
    await Promise.resolve();
    expect(outcomes).toEqual(["7 stored", "7 duplicateOf"]);
    refs.remember(edit("f"), ignore)("8", { kind: "orphan" });
    expect([kindOf(refs, edit("e")), kindOf(refs, edit("f"))]).toEqual(["same", "free"]);
  });

  it("G5: the oldest ref is forgotten once there are 10,000", () => {
    const refs = new RecentRefs();
    for (let n = 0; n < 10_000; n += 1) refs.remember(edit(`${n}`), ignore);
    refs.remember(edit("0"), ignore);
    refs.remember(edit("more"), ignore);
    expect(["0", "1", "2"].map((ref) => kindOf(refs, edit(ref)))).toEqual(["same", "free", "same"]);
  });
});
