import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { metrics } from "../cluster/metrics.ts";
import { eventually } from "../eventually.ts";
import type { Context, Fault } from "./fault.ts";

const BLOCK = 512;
const ROOM = 64 * 1024;

/** First its memory, with noeviction; then its disk, as a limit on the size of its files: writes fail as on a full one. */
export const redisFull: Fault = {
  id: "F16",
  title: "the memory of Redis is full, and its disk",
  async run(context) {
    const { house, crowd, say, short } = context;
    const failures = () => metrics(house.gateways, "parley_gateway_messages_failed_total");
    const before = await failures();
    await house.ask((redis) => redis.config("SET", "maxmemory", "1mb"));
    await eventually("refusals", async () => ((await failures()) - before >= 10 ? true : undefined));
    await delay(short ? 500 : 3_000);
    await house.ask((redis) => redis.config("SET", "maxmemory", "0"));
    const emptied = await crowd.recovered(performance.now());
    const refused = (await failures()) - before;
    say(`${refused} refused while its memory was full`);
    const rounds = short ? 1 : 3;
    let filled = 0;
    for (let round = 0; round < rounds; round++) filled = Math.max(filled, await fillDisk(context));
    return {
      struck: refused + rounds,
      of: "refused for memory, or times its disk filled",
      recoveryMs: Math.max(emptied, filled),
      shown: `${refused} refused while memory was full; its disk filled ${rounds} times, and it ended rather than acknowledge`,
    };
  },
};

/** Resolves with the ms until all was as before, from when it had room again. */
async function fillDisk({ house, crowd, say }: Context): Promise<number> {
  await house.redis.kill("SIGKILL");
  const blocks = Math.ceil((await largestFile(house.redis.dir)) / BLOCK + ROOM / BLOCK);
  await house.redis.restart({ wrap: ["sh", "-c", `trap '' XFSZ; ulimit -f ${blocks}; exec "$@"`, "sh"] });
  await eventually("Redis to end at its full disk", () => ended(house));
  say("its disk was full");
  await house.redis.restart({ wrap: [] });
  return crowd.recovered(performance.now());
}

async function ended({ redis }: Context["house"]): Promise<true | undefined> {
  return Promise.race([redis.exited.then((): true => true), delay(50, undefined)]);
}

/** In bytes, of the append-only files. */
async function largestFile(dir: string): Promise<number> {
  const files = await readdir(dir, { recursive: true, withFileTypes: true });
  const sizes = await Promise.all(
    files
      .filter((file) => file.isFile())
      .map(async (file) => (await stat(join(file.parentPath, file.name))).size),
  );
  return Math.max(0, ...sizes);
}
