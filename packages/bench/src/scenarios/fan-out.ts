import type { Plan } from "../runner/plan.ts";
import type { Case, Column, Context, Figures, Scenario, ScenarioName } from "../runner/scenario.ts";
import { ROOM_TARGETS } from "../targets/all.ts";
import type { RunningTarget } from "../targets/target.ts";
import { type Bounds, narrowBounds, nextRate, UNKNOWN } from "./steps/capacity-search.ts";
import { SKIP_SHARE, SUSTAINED_SHARE } from "./steps/limits.ts";
import { latencyColumns } from "./steps/probe.ts";
import { type Measured, Room } from "./steps/room.ts";
import { caseOf, SKIPPED, withThousands } from "./steps/with-target.ts";

type RoomName = Extract<keyof Plan, "fanOut" | "largeRoom">;
type LoadRow = Measured & { readonly load: string };

/** A target whose p99 is higher doesn't sustain the rate. */
const MAX_P99_MS = 100;
/** Time to connect, for the estimate of the time left. */
const CONNECT_SECONDS = 2;
const SEARCH_STEPS = 5;

/** Loads that the capacity search adds, as the report names them. */
export const CAPACITY_LOAD = "the most with p99 < 100 ms";
export const PEAK_LOAD = "the most at all";

/** Returns true if the target delivered clearly less than the requested rate. */
export const isFull = ({ asked = 0, deliveries = 0 }: Figures): boolean =>
  deliveries < SUSTAINED_SHARE * asked;

const COLUMNS: readonly Column[] = [
  {
    key: "deliveries",
    title: "deliveries/s",
    digits: 0,
    mark: (figures) => (isFull(figures) ? "full" : undefined),
  },
  { key: "cpu", title: "server µs/delivery", digits: 2 },
  { key: "share", title: "server % of a core", digits: 0 },
  { key: "redis", title: "Redis µs/delivery", digits: 2 },
  ...latencyColumns(),
  { key: "lost", title: "lost", digits: 0 },
  { key: "surplus", title: "doubled", digits: 0 },
];

const NOTES = [
  "One sender at a steady rate; each message goes to every listener and to the sender.",
  "CPU counts everything the server does meanwhile: taking in, appending, hearing and writing. Parley makes every message durable and acknowledges it. Centrifuge acknowledges one once Redis has published it, and keeps nothing. The other peers do neither.",
  "Centrifuge is the Go library of Centrifugo, with its default settings, and with its write delay (messages of 25 ms in one frame). It uses all cores; the others are one process of Node.",
  "Latency runs from when a message was due by the schedule to the listener's reading of it, so it holds the timer of the sender and any queue in the load generator.",
  "lost: not delivered within some seconds of the last that was sent; what a full server still owes is among it.",
  "full: it delivered less than 95 % of what was asked for. Below 80 % it is not asked for more.",
];

/** A public room of 500: cost per delivery at several rates, and the capacity. */
export const fanOut = roomScenario(
  "fan-out",
  "fanOut",
  "Public room of 500: what one delivered message costs",
  [
    ...NOTES,
    `${CAPACITY_LOAD}, nothing lost: searched in short steps. ${PEAK_LOAD}: the step of this run that delivered most, however long it took.`,
  ],
);

/** A public room of 2,000: cost per delivery at several rates. */
export const largeRoom = roomScenario("large-room", "largeRoom", "Public room of 2,000", NOTES);

function roomScenario(name: ScenarioName, key: RoomName, title: string, notes: readonly string[]): Scenario {
  const seconds = (plan: Plan): number => {
    const { rates, stepMs, warmUp, searchMs } = plan[key];
    const steps = rates.length * (stepMs + 500) + (searchMs > 0 ? SEARCH_STEPS * (searchMs + 1_500) : 0);
    return CONNECT_SECONDS + (warmUp.ms + steps) / 1000;
  };
  const cases: readonly Case[] = ROOM_TARGETS.map((target) =>
    caseOf(target, seconds, (running, context) => measureRoom(running, key, context)),
  );
  return { name, title, notes, columns: COLUMNS, cases };
}

async function measureRoom(running: RunningTarget, key: RoomName, context: Context): Promise<LoadRow[]> {
  const { plan, log } = context;
  const { listeners, rates, warmUp, stepMs, searchMs } = plan[key];
  const room = new Room(running);
  try {
    log(`connecting ${withThousands(listeners)} listeners`);
    await room.fill(listeners);
    await recover(room, listeners, await room.measure(warmUp));
    const rows: LoadRow[] = [];
    let bounds = UNKNOWN;
    let isFarBehind = false;
    for (const rate of rates) {
      const load = `${withThousands(listeners)} listeners, ${withThousands(rate)}/s`;
      if (isFarBehind) {
        rows.push({ load, ...SKIPPED });
        continue;
      }
      log(`${withThousands(rate)} deliveries/s`);
      const measured = await room.measure({ rate, ms: stepMs });
      rows.push({ load, ...measured });
      bounds = narrowBounds(bounds, rate, isSustained(measured.figures));
      isFarBehind = (measured.figures.deliveries ?? 0) < SKIP_SHARE * rate;
      await recover(room, listeners, measured);
    }
    if (searchMs > 0) rows.push(...(await searchCapacity({ room, listeners, searchMs, log }, rows, bounds)));
    return rows;
  } finally {
    room.stop();
  }
}

interface SearchDeps {
  readonly room: Room;
  readonly listeners: number;
  readonly searchMs: number;
  readonly log: (text: string) => void;
}

async function searchCapacity(
  { room, listeners, searchMs, log }: SearchDeps,
  earlier: readonly LoadRow[],
  known: Bounds,
): Promise<LoadRow[]> {
  const steps: Measured[] = earlier.filter(({ figures }) => figures.asked !== undefined);
  let bounds = known;
  for (let rate = nextRate(bounds); rate !== undefined; rate = nextRate(bounds)) {
    log(`searching the capacity: ${withThousands(rate)} deliveries/s`);
    const measured = await room.measure({ rate, ms: searchMs });
    steps.push(measured);
    bounds = narrowBounds(bounds, rate, isSustained(measured.figures));
    await recover(room, listeners, measured);
  }
  const most = (of: readonly Measured[]) =>
    of.toSorted((a, b) => (b.figures.deliveries ?? 0) - (a.figures.deliveries ?? 0))[0];
  const capacity = most(steps.filter(({ figures }) => isSustained(figures)));
  const peak = most(steps);
  const prefix = `${withThousands(listeners)} listeners, `;
  return [
    ...(capacity ? [{ ...capacity, load: prefix + CAPACITY_LOAD }] : []),
    ...(peak ? [{ ...peak, load: prefix + PEAK_LOAD }] : []),
  ];
}

const isSustained = (figures: Figures): boolean =>
  !isFull(figures) && (figures.p99 ?? 0) < MAX_P99_MS && figures.lost === 0 && figures.closed === 0;

/**
 * Prepares the room for the next step: drains the backlog of a full server and replaces closed connections. Otherwise
 * the backlog would count for the next step, and the closed connections would be missing from it.
 */
async function recover(room: Room, listeners: number, { figures }: Measured): Promise<void> {
  if (figures.lost !== 0 || figures.surplus !== 0) await room.drain();
  if (figures.closed !== 0) await room.fill(listeners);
}
