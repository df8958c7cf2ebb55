import { existsSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LOG } from "../cluster/cluster.ts";
import type { Fault } from "./fault.ts";

/** Where Debian, Fedora and Homebrew put it. */
const PLACES = [
  "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
  "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
  "/usr/lib64/faketime/libfaketime.so.1",
  "/usr/local/lib/faketime/libfaketime.so.1",
];
const LIBRARY = [process.env.FAKETIME_LIB ?? "", ...PLACES].find(
  (place) => place !== "" && existsSync(place),
);
/** In the folder of Redis, read anew each time that it asks for the time; where there is none the clock goes right. */
const CLOCK = "clock";

const FAKED = {
  LD_PRELOAD: LIBRARY ?? "",
  FAKETIME_NO_CACHE: "1",
  FAKETIME_DONT_FAKE_MONOTONIC: "1",
};
const HOUR_S = 3_600;

export const clocksJump: Fault = {
  id: "F17",
  title: "clocks jump an hour: of Redis, with a restart between; of a gateway",
  knobs: {
    redisEnv: { ...FAKED, FAKETIME_TIMESTAMP_FILE: CLOCK },
    // This one stands an hour before all others all the time.
    secondGatewayEnv: { ...FAKED, FAKETIME: `-${HOUR_S}s` },
  },
  async impossible() {
    return LIBRARY === undefined ? "libfaketime is not installed here" : undefined;
  },
  async run({ house, crowd, say }) {
    const jumps: string[] = [];
    let recoveryMs = 0;
    const jump = async (to: string, restart: boolean): Promise<number> => {
      say(`the clock of Redis goes to ${to}${restart ? ", and Redis crashes" : ""}`);
      const [end] = await ends(house);
      await setClock(join(house.redis.dir, CLOCK), to);
      if (restart) {
        await house.redis.kill("SIGKILL");
        await house.redis.restart();
      }
      recoveryMs = Math.max(recoveryMs, await crowd.recovered(performance.now()));
      jumps.push(to);
      const [after, now] = await ends(house);
      if (after < end) throw new Error("ids went back");
      return after - now;
    };
    const ahead = await jump(`+${HOUR_S}s`, false);
    const back = await jump("+0s", true);
    await jump(`-${HOUR_S}s`, true);
    await jump("+0s", false);
    return {
      struck: jumps.length,
      of: "jumps",
      recoveryMs,
      shown: `after the jump back ids stood ${Math.round(back / 1000)} s before the clock and went on from there`,
      problems: [
        ...(Math.abs(ahead) < 60_000 ? [] : ["the ids did not follow the clock ahead"]),
        ...(back > (HOUR_S - 60) * 1000 ? [] : ["the ids went back with the clock"]),
      ],
    };
  },
};

/** Whole at any moment: Redis reads it with each look at the time, and would end at one that is half written. */
async function setClock(path: string, to: string): Promise<void> {
  await writeFile(`${path}.next`, to);
  await rename(`${path}.next`, path);
}

/** The time of the log's last id, and that of the clock of Redis; ms since 1970. */
async function ends(house: Parameters<Fault["run"]>[0]["house"]): Promise<[number, number]> {
  return house.ask(async (redis) => {
    const [last] = await redis.xrevrange(LOG, "+", "-", "COUNT", 1);
    const [seconds = 0] = (await redis.time()).map(Number);
    return [Number(last?.[0].split("-")[0]), seconds * 1000];
  });
}
