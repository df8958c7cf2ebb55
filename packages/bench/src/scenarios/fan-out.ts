import type { Plan } from "../runner/plan.ts";
import type { Case, Column, Context, Figures, Measurement, MeasurementName } from "../runner/scenario.ts";
import { SUBJECTS } from "../targets/all.ts";
import type { RunningSubject } from "../targets/target.ts";
import { type Bounds, narrowed, nextRate, UNKNOWN } from "./steps/full-search.ts";
import { type Measured, Room } from "./steps/room.ts";
import { caseOf, inThousands, NOT_TRIED } from "./steps/with-target.ts";

type RoomName = Extract<keyof Plan, "fanOut" | "largeRoom">;
type LoadRow = Measured & { readonly load: string };

/** Below this share of what was asked for, a subject is full. */
const KEPT_SHARE = 0.95;
/** Below this one it is not asked for more: what it owes would take long. */
const HOPELESS_SHARE = 0.8;
/** And where the slowest hundredth waits longer. In ms. */
const BEARABLE_MS = 100;
/** Before and after the steps, with the connecting and the searching. */
const CONNECT_SECONDS = 2;
const SEARCH_STEPS = 5;

export const FULL_LOAD = "the most with p99 < 100 ms";
export const MOST_LOAD = "the most at all";

export const isFull = ({ asked = 0, deliveries = 0 }: Figures): boolean => deliveries < KEPT_SHARE * asked;

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
  { key: "p50", title: "p50 ms", digits: 1 },
  { key: "p99", title: "p99 ms", digits: 1 },
  { key: "p999", title: "p99.9 ms", digits: 1 },
  { key: "lost", title: "lost", digits: 0 },
  { key: "surplus", title: "doubled", digits: 0 },
];

const NOTES = [
  "One sender at a steady rate; each message goes to every listener and to the sender.",
  "CPU counts everything the server does meanwhile: taking in, appending, hearing and writing. Parley makes every message durable and acknowledges it; the peers do neither.",
  "Latency runs from when a message was due by the schedule to the listener's reading of it, so it holds the timer of the sender and any queue in the load generator.",
  "lost: not delivered within some seconds of the last that was sent; what a full server still owes is among it.",
  "full: it delivered less than 95 % of what was asked for. Below 80 % it is not asked for more.",
];

export const fanOut = ofRoom("fan-out", "fanOut", "Public room of 500: what one delivered message costs", [
  ...NOTES,
  `${FULL_LOAD}, nothing lost: searched in short steps. ${MOST_LOAD}: the step of this run that delivered most, however long it took.`,
]);

export const largeRoom = ofRoom("large-room", "largeRoom", "Public room of 2,000", NOTES);

function ofRoom(name: MeasurementName, key: RoomName, title: string, notes: readonly string[]): Measurement {
  const seconds = (plan: Plan): number => {
    const { rates, stepMs, warmUp, searchMs } = plan[key];
    const steps = rates.length * (stepMs + 500) + (searchMs > 0 ? SEARCH_STEPS * (searchMs + 1_500) : 0);
    return CONNECT_SECONDS + (warmUp.ms + steps) / 1000;
  };
  const cases: readonly Case[] = SUBJECTS.map((subject) =>
    caseOf(subject, seconds, (running, context) => inRoom(running, key, context)),
  );
  return { name, title, notes, columns: COLUMNS, cases };
}

async function inRoom(running: RunningSubject, key: RoomName, { plan, say }: Context): Promise<LoadRow[]> {
  const { listeners, rates, warmUp, stepMs, searchMs } = plan[key];
  const room = new Room(running);
  try {
    say(`connecting ${inThousands(listeners)} listeners`);
    await room.fill(listeners);
    await recover(room, listeners, await room.step(warmUp));
    const rows: LoadRow[] = [];
    let bounds = UNKNOWN;
    let isHopeless = false;
    for (const rate of rates) {
      const load = `${inThousands(listeners)} listeners, ${inThousands(rate)}/s`;
      if (isHopeless) {
        rows.push({ load, ...NOT_TRIED });
        continue;
      }
      say(`${inThousands(rate)} deliveries/s`);
      const measured = await room.step({ rate, ms: stepMs });
      rows.push({ load, ...measured });
      bounds = narrowed(bounds, rate, isKept(measured.figures));
      isHopeless = (measured.figures.deliveries ?? 0) < HOPELESS_SHARE * rate;
      await recover(room, listeners, measured);
    }
    if (searchMs > 0) rows.push(...(await searchFull({ room, listeners, searchMs, say }, rows, bounds)));
    return rows;
  } finally {
    room.stop();
  }
}

interface Search {
  readonly room: Room;
  readonly listeners: number;
  readonly searchMs: number;
  readonly say: (text: string) => void;
}

async function searchFull(search: Search, before: readonly LoadRow[], known: Bounds): Promise<LoadRow[]> {
  const { room, listeners, searchMs, say } = search;
  const steps: Measured[] = before.filter(({ figures }) => figures.asked !== undefined);
  let bounds = known;
  for (let rate = nextRate(bounds); rate !== undefined; rate = nextRate(bounds)) {
    say(`is it full at ${inThousands(rate)} deliveries/s?`);
    const measured = await room.step({ rate, ms: searchMs });
    steps.push(measured);
    bounds = narrowed(bounds, rate, isKept(measured.figures));
    await recover(room, listeners, measured);
  }
  const most = (of: readonly Measured[]) =>
    of.toSorted((a, b) => (b.figures.deliveries ?? 0) - (a.figures.deliveries ?? 0))[0];
  const kept = most(steps.filter(({ figures }) => isKept(figures)));
  const all = most(steps);
  const name = `${inThousands(listeners)} listeners, `;
  return [
    ...(kept ? [{ ...kept, load: name + FULL_LOAD }] : []),
    ...(all ? [{ ...all, load: name + MOST_LOAD }] : []),
  ];
}

const isKept = (figures: Figures): boolean =>
  !isFull(figures) && (figures.p99 ?? 0) < BEARABLE_MS && figures.lost === 0 && figures.closed === 0;

/** What a full server still owes would be measured with the next step, and whom it has closed would be missing there. */
async function recover(room: Room, listeners: number, { figures }: Measured): Promise<void> {
  if (figures.lost !== 0 || figures.surplus !== 0) await room.settle();
  if (figures.closed !== 0) await room.fill(listeners);
}
