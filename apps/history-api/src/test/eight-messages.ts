import { expect } from "vitest";
import { startPartlyStored } from "./partly-stored.ts";
import type { RequestOptions, RunningApi } from "./running-api.ts";
import { message } from "./scripted-tail.ts";

const fromBob = { from: "bob", to: "alice" };
const inPublic = { to: "" };

/** Messages 1 to 8 are in the log. 1, 2, 4, 5 and 8 are stored; the others are pending. */
const LOG = [
  message(1),
  message(2, fromBob),
  message(3),
  message(4, inPublic),
  message(5, { from: "carol", to: "bob" }),
  message(6, { ...inPublic, from: "carol" }),
  message(7, fromBob),
  message(8),
];
const STORED = [1, 2, 4, 5, 8];

/** Starts a history-api over the eight messages. */
export async function startWithEightMessages(): Promise<RunningApi> {
  return (await startPartlyStored(LOG, STORED)).server;
}

/** Returns the numbers of the messages. */
export const seqsOf = (messages: readonly { id: string }[]): number[] =>
  messages.map(({ id }) => Number(id.split("-")[1]));

/** Reads a path that must succeed, and returns the numbers of the messages in the response. */
export async function readSeqs(
  server: RunningApi,
  path: string,
  options?: RequestOptions,
): Promise<number[]> {
  const { status, body } = await server.request(path, options);
  expect(status).toBe(200);
  return seqsOf(body.messages ?? body);
}
