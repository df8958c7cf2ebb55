import { readFileSync } from "node:fs";
import { join } from "node:path";
import { MAX_CALL_BYTES, MAX_CALL_DRAFTS } from "@parley/bus";
import { MAX_FRAME_BYTES } from "@parley/models";
import { readEnv } from "@parley/service";
import { describe, expect, it } from "vitest";
import { gatewayConfig } from "../../../../apps/gateway/src/config.ts";
import { gatewayEnv } from "../../../../apps/gateway/src/env.ts";

/** Returns a document's text on one line, so that a phrase is found although the document wraps it. */
const text = (file: string) =>
  readFileSync(join(import.meta.dirname, "../../../..", file), "utf8").replaceAll(/\s+/g, " ");

const env = readEnv(gatewayEnv, { JWT_SECRET: "a secret that is long enough for HS256 signatures" });
const config = gatewayConfig(env);
const { bytes = { perSecond: 0, burst: 0 } } = config.rate;
const count = (n: number) => n.toLocaleString("en");
const seconds = (ms: number) => `${ms / 1_000} s`;
const minutes = (ms: number) => `${ms / 60_000} minutes`;
const kib = (bytes: number) => `${bytes / 1024} KiB`;
const mib = (bytes: number) => `${bytes / 1024 / 1024} MiB`;

const PHRASES: readonly (readonly [file: string, phrase: string])[] = [
  ["docs/protocol.md", `at most ${kib(env.MAX_CONTENT_BYTES)} in UTF-8 (the server's \`MAX_CONTENT_BYTES\`)`],
  ["docs/protocol.md", `A frame is text and has at most ${kib(MAX_FRAME_BYTES)}`],
  ["docs/protocol.md", `within the dedupe window (default ${minutes(env.bus.dedupeWindowMs)})`],
  ["docs/protocol.md", `a WebSocket ping every ${seconds(env.HEARTBEAT_MS)}`],
  ["docs/protocol.md", `default ${config.rate.perSecond} a second with bursts of up to ${config.rate.burst}`],
  [
    "docs/protocol.md",
    `default ${count(bytes.perSecond)} bytes a second with bursts of up to ${count(bytes.burst)}`,
  ],
  ["docs/protocol.md", `spread over \`DRAIN_MS\` (default ${count(env.DRAIN_MS)})`],
  ["docs/log.md", `(\`DEDUPE_WINDOW_MS\`, default ${minutes(env.bus.dedupeWindowMs)})`],
  ["docs/log.md", `at most ${MAX_CALL_DRAFTS} drafts and ${kib(MAX_CALL_BYTES)}`],
  ["docs/log.md", `are ${count(env.bus.backlogMaxEntries)} entries and ${mib(env.bus.backlogMaxBytes)}`],
  ["docs/guarantees.md", `window (default ${minutes(env.bus.dedupeWindowMs)})`],
  ["docs/operating.md", `longer than \`HEARTBEAT_MS\` (${seconds(env.HEARTBEAT_MS)})`],
  ["docs/operating.md", `| ${count(env.bus.backlogMaxEntries)} and ${mib(env.bus.backlogMaxBytes)} |`],
  ["docs/operating.md", `| \`MAX_FLUSH_DELAY_MS\` | ${env.MAX_FLUSH_DELAY_MS} |`],
  ["docs/operating.md", `| \`APPEND_INTERVAL_MS\` | ${env.APPEND_INTERVAL_MS} |`],
  ["README.md", `Sending the same \`ref\` again within ${minutes(env.bus.dedupeWindowMs)} is safe`],
  ["README.md", `| \`RATE_LIMIT\` | ${env.RATE_LIMIT} |`],
];

describe("figures in the documents are the code's", () => {
  it.each(PHRASES)("%s: %s", (file, phrase) => {
    expect(text(file)).toContain(phrase);
  });
});
