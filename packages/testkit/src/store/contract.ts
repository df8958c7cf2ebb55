import { describe, onTestFinished } from "vitest";
import { contentRules } from "./content-rules.ts";
import { conversationRules } from "./conversation-rules.ts";
import { insertRules } from "./insert-rules.ts";
import { modelRules } from "./model-rules.ts";
import { newPlace, type OpenAt, type OpenStore } from "./opening.ts";
import { pageRules } from "./page-rules.ts";
import { raceRules } from "./race-rules.ts";
import { syncRules } from "./sync-rules.ts";

/** A server on a busy machine takes its time for ten thousand messages. */
const TIMEOUT_MS = 120_000;

/** What every adapter of the store's port owes to those who use it. `modelRuns`: how long it is compared with the model. */
export function storeContract(name: string, openAt: OpenAt, { modelRuns = 200 } = {}): void {
  const open: OpenStore = async (place = newPlace()) => {
    const store = openAt(place);
    onTestFinished(() => store.close());
    await store.prepare();
    return store;
  };
  describe(name, { timeout: TIMEOUT_MS }, () => {
    describe("insert", () => insertRules(open));
    describe("several at once", () => raceRules(open));
    describe("page and all", () => pageRules(open));
    describe("sync", () => syncRules(open));
    describe("conversations", () => conversationRules(open));
    describe("what is written is what is read", () => contentRules(open));
    describe("against a model", () => modelRules(openAt, modelRuns));
  });
}
