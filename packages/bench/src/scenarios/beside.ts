import type { Context, Figures, Measurement } from "../runner/scenario.ts";
import { startCounting } from "../runner/stopwatch.ts";
import { SUBJECTS } from "../targets/all.ts";
import type { RunningSubject } from "../targets/target.ts";
import { type Measured, Room } from "./steps/room.ts";
import { Talkers } from "./steps/talkers.ts";
import { caseOf, inThousands } from "./steps/with-target.ts";

export const ALONE = "the room silent";
export const BESIDE = "the room at 100,000 deliveries/s";
const CONNECT_SECONDS = 5;

export const beside: Measurement = {
  name: "beside",
  title: "Private messages beside a busy room of 2,000",
  notes: [
    "2,000 connections are in the public room, 1,000 of them users who write 2,000 private messages a second to each other: once while the room is silent, once while one sender speaks to everybody.",
    "Latency is that of the private messages.",
  ],
  columns: [
    { key: "rate", title: "private/s", digits: 0 },
    { key: "p50", title: "p50 ms", digits: 1 },
    { key: "p99", title: "p99 ms", digits: 1 },
    { key: "p999", title: "p99.9 ms", digits: 1 },
    { key: "deliveries", title: "room deliveries/s", digits: 0 },
    { key: "roomP99", title: "room p99 ms", digits: 1 },
    { key: "share", title: "server % of a core", digits: 0 },
    { key: "lost", title: "lost", digits: 0 },
  ],
  cases: SUBJECTS.map((subject) =>
    caseOf(
      subject,
      ({ beside: { warmUp, stepMs } }) => CONNECT_SECONDS + (2 * warmUp.ms + 2 * stepMs) / 1000,
      besideRoom,
    ),
  ),
};

async function besideRoom(running: RunningSubject, { plan, say }: Context) {
  const { users, rate, listeners, roomRate, warmUp, stepMs: ms } = plan.beside;
  say(`connecting ${inThousands(listeners)} users`);
  const talkers = await Talkers.connect(running, users);
  const room = new Room(running, { others: users });
  try {
    await room.fill(listeners - users);
    await Promise.all([talkers.talk(warmUp), room.speak({ rate: roomRate / 4, ms: warmUp.ms })]);
    const loads = [...talkers.loadPids, ...room.loadPids];
    const counted = async (load: string, work: () => Promise<Figures>) => {
      say(`${inThousands(rate)} private messages/s, ${load}`);
      return { load, ...(await measured(running, loads, work)) };
    };
    const alone = await counted(ALONE, () => talkers.talk({ rate, ms }));
    const both = await counted(BESIDE, async () => {
      const [talked, spoken] = await Promise.all([
        talkers.talk({ rate, ms }),
        room.speak({ rate: roomRate, ms }),
      ]);
      const inRoom = (spoken.deliveries ?? 0) * (listeners / (listeners - users));
      return {
        ...talked,
        deliveries: inRoom,
        roomP99: spoken.p99 ?? Number.NaN,
        lost: (talked.lost ?? 0) + (spoken.lost ?? 0),
      };
    });
    return [alone, both];
  } finally {
    talkers.stop();
    room.stop();
  }
}

async function measured(
  { pids }: RunningSubject,
  load: readonly number[],
  work: () => Promise<Figures>,
): Promise<Measured> {
  const stopCounting = startCounting({ ...pids, load });
  const figures = await work();
  const { cpu, busiest, elapsedMicros, machineShare } = stopCounting();
  return {
    figures: { ...figures, share: (100 * cpu.server) / elapsedMicros },
    loadShare: busiest.load / elapsedMicros,
    machineShare,
  };
}
