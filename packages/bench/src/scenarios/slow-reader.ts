import type { Context, Measurement } from "../runner/scenario.ts";
import { SUBJECTS } from "../targets/all.ts";
import type { RunningSubject } from "../targets/target.ts";
import { Room } from "./steps/room.ts";
import { caseOf, inThousands } from "./steps/with-target.ts";

export const ALL_READ = "all 500 read";
export const ONE_DEAF = "one of 500 reads nothing";
const CONNECT_SECONDS = 2;

export const slowReader: Measurement = {
  name: "slow-reader",
  title: "One slow reader among 500",
  notes: [
    "Messages of 6,000 bytes, so that what one does not read soon fills the kernel's buffers and waits in the server.",
    "Latency is that of the others.",
  ],
  columns: [
    { key: "deliveries", title: "deliveries/s", digits: 0 },
    { key: "cpu", title: "server µs/delivery", digits: 2 },
    { key: "p50", title: "p50 ms", digits: 1 },
    { key: "p99", title: "p99 ms", digits: 1 },
    { key: "p999", title: "p99.9 ms", digits: 1 },
    { key: "lost", title: "lost by the others", digits: 0 },
  ],
  cases: SUBJECTS.map((subject) =>
    caseOf(
      subject,
      ({ slowReader: { warmUp, stepMs } }) => CONNECT_SECONDS + (2 * warmUp.ms + 2 * stepMs) / 1000,
      amongOthers,
    ),
  ),
};

async function amongOthers(running: RunningSubject, { plan, say }: Context) {
  const { listeners, rates, warmUp, stepMs: ms, bytes } = plan.slowReader;
  const [rate = 0] = rates;
  const room = new Room(running);
  try {
    say(`connecting ${inThousands(listeners)} listeners`);
    await room.fill(listeners);
    await room.speak({ ...warmUp, bytes });
    say(ALL_READ);
    const without = await room.step({ rate, ms, bytes });
    await room.deafen();
    // Until its buffers are full.
    await room.speak({ ...warmUp, bytes });
    say(ONE_DEAF);
    const withOne = await room.step({ rate, ms, bytes });
    return [
      { load: ALL_READ, ...without },
      { load: ONE_DEAF, ...withOne },
    ];
  } finally {
    room.stop();
  }
}
