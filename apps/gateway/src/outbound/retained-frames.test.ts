import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { formatId } from "@parley/models";
import { expect, it } from "vitest";
import { BroadcastBuffer } from "./broadcast-buffer.ts";
import { FlushPolicy } from "./flush-policy.ts";
import { ReplayFilter } from "./replay-filter.ts";
import { type Subscriber, WriteScheduler } from "./write-scheduler.ts";

setFlagsFromString("--expose-gc");
const collect: (options: { type: "minor" }) => void = runInNewContext("gc");

const ROUNDS = 60;
/** Objects of one round. If they were retained, each would take at least 100 bytes. */
const OBJECTS = 400;

function oldBytes(): number {
  const old = getHeapSpaceStatistics().filter(({ space_name: name }) =>
    /^(old|large_object)_space$/.test(name),
  );
  return old.reduce((bytes, { space_used_size: used }) => bytes + used, 0);
}

/** Returns the bytes per object that collections of the young generation leave behind. */
function retainedPerObject(round: (n: number) => void): number {
  for (let n = 0; n < 5; n += 1) round(n);
  collect({ type: "minor" });
  collect({ type: "minor" });
  const before = oldBytes();
  for (let n = 5; n < ROUNDS; n += 1) {
    round(n);
    // What survives two collections is old.
    collect({ type: "minor" });
    collect({ type: "minor" });
  }
  return (oldBytes() - before) / (ROUNDS * OBJECTS);
}

const idOf = (n: number, seq: number) => formatId({ ms: n + 1, seq });

it("G5: direct frames that were written are garbage for the next collection of the young generation", () => {
  const writeScheduler = new WriteScheduler<Subscriber>({
    subscribers: new Set(),
    policy: new FlushPolicy({ maxDelayMs: 5 }),
    onTooSlow: () => undefined,
    observe: () => undefined,
  });
  const reader = () => ({
    cursor: "",
    speaksChat: true,
    writtenUpTo: 0,
    markWritten: () => undefined,
    write: () => true,
  });
  const readers = Array.from({ length: 10 }, reader);
  const retained = retainedPerObject(() => {
    for (let sent = 0; sent < OBJECTS; sent += readers.length) {
      for (const one of readers) writeScheduler.sendTo(one, Buffer.from("frame"));
      writeScheduler.flushAll();
    }
  });
  expect(retained).toBeLessThan(50);
});

it("G5: so are joined public frames", () => {
  const buffer = new BroadcastBuffer();
  const retained = retainedPerObject((n) => {
    for (let seq = 0; seq < OBJECTS; seq += 1) {
      buffer.add(idOf(n, seq), Buffer.from("1"), false);
      buffer.joinedAfter(buffer.last - 1, true);
      buffer.drop(buffer.last);
    }
  });
  expect(retained).toBeLessThan(50);
});

it("G5: so is what the replay filter knew of earlier messages", () => {
  const filter = new ReplayFilter();
  const retained = retainedPerObject((n) => {
    for (let seq = 0; seq < OBJECTS; seq += 1) filter.accepts(`user ${seq}`, idOf(n, seq));
  });
  expect(retained).toBeLessThan(50);
});
