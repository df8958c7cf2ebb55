import type { Context, Scenario } from "../runner/scenario.ts";
import { TARGETS } from "../targets/all.ts";
import type { RunningTarget } from "../targets/target.ts";
import { latencyColumns } from "./steps/probe.ts";
import { Room } from "./steps/room.ts";
import { caseOf, withThousands } from "./steps/with-target.ts";

/** Loads of this scenario, as the report names them. */
export const ALL_READ = "all 500 read";
export const ONE_STALLED = "one of 500 reads nothing";
const CONNECT_SECONDS = 2;

/** Latency of a room's listeners while one of them doesn't read. */
export const slowReader: Scenario = {
  name: "slow-reader",
  title: "One slow reader among 500",
  notes: [
    "Messages of 6,000 bytes, so that what one does not read soon fills the kernel's buffers and waits in the server.",
    "Latency is that of the others.",
  ],
  columns: [
    { key: "deliveries", title: "deliveries/s", digits: 0 },
    { key: "cpu", title: "server µs/delivery", digits: 2 },
    ...latencyColumns(),
    { key: "lost", title: "lost by the others", digits: 0 },
  ],
  cases: TARGETS.map((target) =>
    caseOf(
      target,
      ({ slowReader: { warmUp, stepMs } }) => CONNECT_SECONDS + (2 * warmUp.ms + 2 * stepMs) / 1000,
      measureSlowReader,
    ),
  ),
};

async function measureSlowReader(running: RunningTarget, { plan, log }: Context) {
  const { listeners, rates, warmUp, stepMs: ms, bytes } = plan.slowReader;
  const [rate = 0] = rates;
  const room = new Room(running);
  try {
    log(`connecting ${withThousands(listeners)} listeners`);
    await room.fill(listeners);
    await room.send({ ...warmUp, bytes });
    log(ALL_READ);
    const allRead = await room.measure({ rate, ms, bytes });
    await room.stallOne();
    // Fills the buffers of the stalled connection.
    await room.send({ ...warmUp, bytes });
    log(ONE_STALLED);
    const oneStalled = await room.measure({ rate, ms, bytes });
    return [
      { load: ALL_READ, ...allRead },
      { load: ONE_STALLED, ...oneStalled },
    ];
  } finally {
    room.stop();
  }
}
