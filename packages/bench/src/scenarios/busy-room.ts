import type { Context, Figures, Scenario } from "../runner/scenario.ts";
import { startCounting } from "../runner/stopwatch.ts";
import { TARGETS } from "../targets/all.ts";
import type { RunningTarget } from "../targets/target.ts";
import { ChatUsers } from "./steps/chat-users.ts";
import { latencyColumns, probe } from "./steps/probe.ts";
import { type Measured, Room } from "./steps/room.ts";
import { caseOf, withThousands } from "./steps/with-target.ts";

/** Loads of this scenario, as the report names them. */
export const ROOM_SILENT = "the room silent";
export const ROOM_BUSY = "the room at 100,000 deliveries/s";
const CONNECT_SECONDS = 5;

/** Latency of private messages while the public room is silent, and while it is busy. */
export const busyRoom: Scenario = {
  name: "beside",
  title: "Private messages beside a busy room of 2,000",
  notes: [
    "2,000 connections are in the public room, 1,000 of them users who write 2,000 private messages a second to each other: once while the room is silent, once while one sender speaks to everybody.",
    "Latency is that of the private messages.",
  ],
  columns: [
    { key: "rate", title: "private/s", digits: 0 },
    ...latencyColumns(),
    { key: "deliveries", title: "room deliveries/s", digits: 0 },
    { key: "roomP99", title: "room p99 ms", digits: 1 },
    { key: "share", title: "server % of a core", digits: 0 },
    { key: "lost", title: "lost", digits: 0 },
  ],
  cases: TARGETS.map((target) =>
    caseOf(
      target,
      ({ busyRoom: { warmUp, stepMs } }) => CONNECT_SECONDS + (2 * warmUp.ms + 2 * stepMs) / 1000,
      measureBusyRoom,
    ),
  ),
};

async function measureBusyRoom(running: RunningTarget, { plan, log }: Context) {
  const { users: userCount, rate, listeners, roomRate, warmUp, stepMs: ms } = plan.busyRoom;
  log(`connecting ${withThousands(listeners)} users`);
  const users = await ChatUsers.connect(running, userCount);
  const room = new Room(running, { otherUsers: userCount });
  try {
    await room.fill(listeners - userCount);
    await Promise.all([users.chat(warmUp), room.send({ rate: roomRate / 4, ms: warmUp.ms })]);
    const loadPids = [...users.loadPids, ...room.loadPids];
    const step = async (load: string, work: () => Promise<Figures>) => {
      log(`${withThousands(rate)} private messages/s, ${load}`);
      return { load, ...(await measure(running, loadPids, work)) };
    };
    const silent = await step(ROOM_SILENT, () => users.chat({ rate, ms }));
    const busy = await step(ROOM_BUSY, async () => {
      const [privateFigures, roomFigures] = await Promise.all([
        users.chat({ rate, ms }),
        room.send({ rate: roomRate, ms }),
      ]);
      // `roomFigures` counts only the room's own listeners. The users who write receive the room's messages too.
      const deliveries = (roomFigures.deliveries ?? 0) * (listeners / (listeners - userCount));
      return {
        ...privateFigures,
        deliveries,
        roomP99: roomFigures.p99 ?? Number.NaN,
        lost: (privateFigures.lost ?? 0) + (roomFigures.lost ?? 0),
      };
    });
    return [silent, busy];
  } finally {
    users.stop();
    room.stop();
  }
}

async function measure(
  running: RunningTarget,
  loadPids: readonly number[],
  work: () => Promise<Figures>,
): Promise<Measured> {
  const least = await probe(running);
  const stopCounting = startCounting({ ...running.pids, load: loadPids });
  const figures = await work();
  const { cpu, busiest, elapsedMicros, machineShare } = stopCounting();
  return {
    figures: { ...figures, share: (100 * cpu.server) / elapsedMicros, ...least },
    loadShare: busiest.load / elapsedMicros,
    machineShare,
  };
}
