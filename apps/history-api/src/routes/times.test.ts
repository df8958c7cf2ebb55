import { formatId, type LogMessage } from "@parley/models";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startPartlyStored } from "../test/partly-stored.ts";
import type { RunningApi } from "../test/running-api.ts";

const START = Date.UTC(2025, 6, 16, 14, 0, 0);
const COUNT = 12;
const STEP_MS = 500;

/** The nth id of the log, from 1 on. Three messages have the same millisecond. */
const idOf = (n: number) => formatId({ ms: START + Math.floor((n - 1) / 3) * STEP_MS, seq: (n - 1) % 3 });
const numberOf = new Map(Array.from({ length: COUNT }, (_, i) => [idOf(i + 1), i + 1]));

const LOG: readonly LogMessage[] = Array.from({ length: COUNT }, (_, i) => ({
  id: idOf(i + 1),
  from: i % 2 ? "alice" : "bob",
  to: i % 2 ? "bob" : "alice",
  content: `number ${i + 1}`,
}));

let server: RunningApi;

beforeAll(async () => {
  // Odd ones are stored, the others are pending.
  const stored = Array.from({ length: COUNT }, (_, i) => i + 1).filter((n) => n % 2 === 1);
  server = (await startPartlyStored(LOG, stored)).server;
});
afterAll(() => server.stop());

async function read(path: string): Promise<{ numbers: number[]; prev?: string; next?: string }> {
  const { status, body, headers } = await server.request(path);
  expect(status, JSON.stringify(body)).toBe(200);
  const links = [...(headers.get("link") ?? "").matchAll(/<([^>]+)>; rel="(prev|next)"/g)];
  const numbers = body.map(({ id }: LogMessage) => numberOf.get(id));
  return { numbers, ...Object.fromEntries(links.map(([, url, rel]) => [rel, url])) };
}

const SECOND = "2025-07-16T14:00:00.500Z";
const THIRD = "2025-07-16T14:00:01Z";

describe("since and until", () => {
  it.each([
    [`since=${SECOND}`, [4, 5, 6, 7, 8, 9, 10, 11, 12]],
    [`until=${SECOND}`, [1, 2, 3]],
    [`since=${SECOND}&until=${THIRD}`, [4, 5, 6]],
    [`since=${THIRD}&until=${SECOND}`, []],
    [`since=${SECOND}&until=${SECOND}`, []],
    ["since=2025-07-16T14:00:00.5000001Z", [7, 8, 9, 10, 11, 12]],
    ["since=2025-07-16T16:00:00.5%2B02:00&until=2025-07-16T10:30:01-03:30", [4, 5, 6]],
    ["since=0001-01-01T00:00:00Z&until=9999-12-31T23:59:59Z", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]],
    ["since=9999-12-31T23:59:59Z", []],
    ["until=1969-12-31T23:59:59Z", []],
    [`since=${SECOND}&limit=2`, [4, 5]],
    [`until=${THIRD}&limit=2`, [5, 6]],
    [`since=${SECOND}&until=${THIRD}&limit=2`, [4, 5]],
    [`since=${SECOND}&before=${idOf(9)}&limit=2`, [7, 8]],
    [`since=${SECOND}&before=${idOf(5)}`, [4]],
    [`since=${SECOND}&after=${idOf(1)}&limit=2`, [4, 5]],
    [`since=${SECOND}&after=${idOf(5)}&limit=2`, [6, 7]],
    [`until=${THIRD}&after=${idOf(1)}`, [2, 3, 4, 5, 6]],
    [`until=${THIRD}&before=${idOf(12)}&limit=2`, [5, 6]],
    [`until=${THIRD}&before=${idOf(3)}`, [1, 2]],
  ])("P64: ?%s", async (query, expected) => {
    expect((await read(`/messages/bob?${query}`)).numbers).toEqual(expected);
  });

  it("P64: links stay between the times, and lead forward from `since` and back from the newest page", async () => {
    const times = `since=${SECOND}&until=2025-07-16T14:00:01.500Z`;
    const first = await read(`/messages/bob?${times}&limit=4`);
    expect([first.numbers, first.prev]).toEqual([[4, 5, 6, 7], undefined]);
    const second = await read(first.next ?? "");
    expect([second.numbers, second.next]).toEqual([[8, 9], undefined]);
    expect((await read(second.prev ?? "")).numbers).toEqual([4, 5, 6, 7]);
    const newest = await read(`/messages/bob?until=${THIRD}&limit=4`);
    expect([newest.numbers, newest.next]).toEqual([[3, 4, 5, 6], undefined]);
    expect((await read(newest.prev ?? "")).numbers).toEqual([1, 2]);
  });

  it("P54, P64: work with `as`, and for the public room", async () => {
    const service = { user: "indexer", scopes: ["history:read"] };
    const { body, headers } = await server.request(`/messages/bob?as=alice&limit=2&since=${SECOND}`, service);
    expect(body.map(({ id }: LogMessage) => numberOf.get(id))).toEqual([4, 5]);
    expect(headers.get("link")).toContain("as=alice");
    expect((await read(`/messages?since=${SECOND}`)).numbers).toEqual([]);
  });

  it.each([
    ["since", "yesterday"],
    ["since", "2025-07-16"],
    ["since", "2025-07-16T14:00:00"],
    ["until", "2025-07-16T14:00:00+02:00"],
    ["until", "2025-02-29T00:00:00Z"],
    ["until", ""],
  ])("P55, P64: a bad time is refused by its name: %s=%s", async (name, value) => {
    const { status, body } = await server.request(`/messages/bob?${name}=${value}`);
    expect([status, body.code, body.detail]).toEqual([
      400,
      "invalid_parameter",
      expect.stringContaining(name),
    ]);
  });

  it("P55, P64: a time that is given twice, or with brackets, is refused", async () => {
    for (const query of [`since=${SECOND}&since=${SECOND}`, `until[$gt]=${SECOND}`, `until.x=${SECOND}`])
      expect(await server.request(`/messages/bob?${query}`)).toMatchObject({ status: 400 });
  });
});

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
/** Times around those of the messages, some of them between two milliseconds. */
const time = fc
  .tuple(fc.integer({ min: -2, max: 2 * 4 + 2 }), fc.constantFrom(-1, 0, 1), fc.constantFrom("", "0", "001"))
  .map(([half, ms, beyond]) => ({
    ms: START + half * (STEP_MS / 2) + ms + (beyond === "001" ? 1 : 0),
    text: new Date(START + half * (STEP_MS / 2) + ms).toISOString().replace("Z", `${beyond}Z`),
  }));
const id = fc.integer({ min: 1, max: COUNT });
const range = fc.record({
  since: optional(time),
  until: optional(time),
  edge: optional(fc.record({ name: fc.constantFrom("before", "after"), n: id })),
  limit: fc.integer({ min: 1, max: 5 }),
});

type AnyRange = typeof range extends fc.Arbitrary<infer Value> ? Value : never;

function between({ since, until }: AnyRange): number[] {
  return LOG.filter(({ id }) => {
    const ms = Number(id.slice(0, 13));
    return ms >= (since?.ms ?? 0) && ms < (until?.ms ?? Number.POSITIVE_INFINITY);
  }).map(({ id }) => numberOf.get(id) ?? 0);
}

/** Follows the links of pages in one direction, and returns the numbers of all messages. */
async function readLinked(first: string, rel: "prev" | "next", limit: number): Promise<number[]> {
  const seen: number[][] = [];
  for (let path: string | undefined = first; path !== undefined && seen.length < 20; ) {
    const { numbers, ...links } = await read(path);
    expect(numbers.length).toBeLessThanOrEqual(limit);
    seen.push(numbers);
    path = links[rel];
  }
  return (rel === "prev" ? seen.reverse() : seen).flat();
}

describe("any range", () => {
  it("P51, P64: has the same messages in one response, and page by page in either direction", async () => {
    const property = fc.asyncProperty(range, async (any) => {
      const { since, until, edge, limit } = any;
      const times = { ...(since && { since: since.text }), ...(until && { until: until.text }) };
      const all = between(any);
      expect((await read(`/messages/bob?${new URLSearchParams(times)}`)).numbers).toEqual(all);
      const isBackward = edge ? edge.name === "before" : since === undefined;
      const query = { ...times, limit: String(limit), ...(edge && { [edge.name]: idOf(edge.n) }) };
      const path = `/messages/bob?${new URLSearchParams(query)}`;
      expect(await readLinked(path, isBackward ? "prev" : "next", limit)).toEqual(
        all.filter((n) => edge === undefined || (edge.name === "before" ? n < edge.n : n > edge.n)),
      );
    });
    await fc.assert(property, { numRuns: 60 });
  });
});

describe("query parameters that a route doesn't know", () => {
  it("P64: are ignored and counted by the older routes", async () => {
    const counted = () =>
      server.events.flatMap((event) => (event.type === "ignored-parameters" ? [event.route] : []));
    const known = `since=${SECOND}&until=${THIRD}&limit=1&after=${idOf(1)}`;
    await read(`/messages/bob?${known}`);
    await server.request(`/sync?limit=1&after=${idOf(1)}`);
    await server.request("/conversations?limit=1#?x=1");
    expect(counted()).toEqual([]);
    expect((await read("/messages/bob?sinc=yesterday&limit=2&x&x")).numbers).toEqual([11, 12]);
    for (const path of [
      "/messages?x=1",
      "/sync?before=x",
      `/message/${idOf(1)}?limit=1`,
      "/conversations?after=1",
    ])
      expect((await server.request(path)).status, path).toBe(200);
    expect(counted()).toEqual(["conversation", "room", "sync", "message", "conversations"]);
    expect(JSON.stringify(server.events)).not.toContain("sinc=");
  });
});
