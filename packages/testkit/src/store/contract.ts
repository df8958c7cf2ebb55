import type { PrepareOptions } from "@parley/store";
import { describe, onTestFinished } from "vitest";
import { aliasRules } from "./alias-rules.ts";
import { applyRules } from "./changes/apply-rules.ts";
import { interleavingRules } from "./changes/interleaving-rules.ts";
import { readRules } from "./changes/read-rules.ts";
import { contentRules } from "./content-rules.ts";
import { conversationRules } from "./conversation-rules.ts";
import { withCheckedDigests } from "./digests/checked-digests.ts";
import { digestRules } from "./digests/digest-rules.ts";
import { insertRules } from "./insert-rules.ts";
import { markRules } from "./mark-rules.ts";
import { modelRules } from "./model-rules.ts";
import { newPlace, type OpenAt, type OpenStore } from "./opening.ts";
import { pageRules } from "./page-rules.ts";
import { raceRules } from "./race-rules.ts";
import { revocationRules } from "./revocation-rules.ts";
import { sentRules } from "./sent-rules.ts";
import { syncRules } from "./sync-rules.ts";

/** Long enough for ten thousand messages on a busy machine. */
const TIMEOUT_MS = 120_000;

function openerOf(openAt: OpenAt, options?: PrepareOptions): OpenStore {
  return openerOfRaw((place) => withCheckedDigests(openAt(place)), options);
}

/** Opens stores whose messages the test changes, so that a digest isn't always that of today's content. */
function openerOfRaw(openAt: OpenAt, options?: PrepareOptions): OpenStore {
  return async (place = newPlace()) => {
    const store = openAt(place);
    onTestFinished(() => store.close());
    await store.prepare(options);
    return store;
  };
}

/** The part of the contract suite about unique refs, for a store in the format of earlier versions. */
export function formatOneContract(name: string, openAt: OpenAt): void {
  const open = openerOf(openAt, { format: 1 });
  describe(name, { timeout: TIMEOUT_MS }, () => {
    describe("insert", () => insertRules(open));
    describe("concurrent calls", () => raceRules(open));
  });
}

export interface ContractOptions {
  /** Number of runs of each model test. */
  readonly modelRuns?: number;
}

/** The contract suite of the store: each adapter must pass it. */
export function storeContract(name: string, openAt: OpenAt, { modelRuns = 200 }: ContractOptions = {}): void {
  const open = openerOf(openAt);
  const openRaw = openerOfRaw(openAt);
  describe(name, { timeout: TIMEOUT_MS }, () => {
    describe("insert", () => insertRules(open));
    describe("concurrent calls", () => raceRules(open));
    describe("page and all", () => pageRules(open));
    describe("sync", () => syncRules(open));
    describe("conversations", () => conversationRules(open));
    describe("contents", () => contentRules(open));
    describe("aliases", () => aliasRules(open));
    describe("revocations", () => revocationRules(open));
    describe("changed messages", () => digestRules(openRaw));
    describe("changes", () => applyRules(openRaw));
    describe("reads of changes", () => readRules(openRaw));
    describe("read marks", () => markRules(open));
    describe("sent messages", () => sentRules(openRaw));
    describe("interleavings of changes", () => interleavingRules(openRaw, modelRuns));
    describe("against a model", () => modelRules((place) => withCheckedDigests(openAt(place)), modelRuns));
  });
}
