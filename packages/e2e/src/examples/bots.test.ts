import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { ChatClient } from "../rig/chat-client.ts";
import { startProcess } from "../rig/commands.ts";
import { goBot, type Program, pythonBot } from "../rig/examples.ts";
import { type Standalone, startStandalone } from "../rig/shapes.ts";

const programs: readonly (readonly [string, Program | undefined])[] = [
  ["Python", await pythonBot()],
  ["Go", await goBot()],
];

const FIRST_PAGE = JSON.stringify({ entries: [], cursor: "1752674400123-0000000000-00", more: false });

let deployment: Standalone;
let dir: string;
beforeAll(async () => {
  deployment = await startStandalone({ env: { RATE_LIMIT: "0" } });
  dir = await mkdtemp(join(tmpdir(), "parley-bots-"));
});
afterAll(async () => {
  await deployment?.stop();
  await rm(dir, { recursive: true, force: true });
});

describe("the bots", () => {
  for (const [language, program] of programs) {
    it.skipIf(program === undefined)(
      `in ${language}: asks again if an answer of the feed is cut off`,
      async () => {
        let requests = 0;
        const server = createServer((_, res) => {
          requests += 1;
          res.writeHead(200, { "content-type": "application/json", "content-length": FIRST_PAGE.length });
          // The third request waits for entries.
          if (requests === 1) res.write(FIRST_PAGE.slice(0, 20), () => res.destroy());
          else if (requests === 2) res.end(FIRST_PAGE);
        });
        onTestFinished(() => {
          server.close();
          server.closeAllConnections();
        });
        await once(server.listen(0, "127.0.0.1"), "listening");
        const [command = "", ...args] = program ?? [];
        const bot = startProcess(command, args, {
          PARLEY_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
          PARLEY_TOKEN: "x",
          CURSOR_FILE: join(dir, `cut-off-${language}`),
        });
        await bot.printed(/ready/, "err");
      },
    );

    it.skipIf(program === undefined)(
      `in ${language}: answers each private message once, also those that came while it was killed`,
      async () => {
        const [command = "", ...args] = program ?? [];
        const name = `bot.${language}`;
        const env = {
          PARLEY_URL: deployment.app.url.replace(/\/$/, ""),
          PARLEY_TOKEN: await deployment.token(name, { scopes: ["history:all"] }),
          BOT_NAME: name,
          CURSOR_FILE: join(dir, language),
        };
        const alice = await ChatClient.connect(deployment.gateways[0], await deployment.token("alice"));
        await alice.send(name, "before the bot");
        const first = startProcess(command, args, env);
        await first.printed(/ready/, "err");
        await alice.send(name, "one");
        await first.printed(/answered alice: one\n/);
        first.signal("SIGKILL");
        await first.exited;
        await alice.send("carol", "not for the bot");
        await alice.send(name, "two");
        const second = startProcess(command, args, env);
        await second.printed(/answered alice: two\n/);
        await alice.send(name, "three");
        await second.printed(/answered alice: three\n/);
        second.signal("SIGKILL");
        await second.exited;
        const history = await fetch(`${env.PARLEY_URL}/messages/${name}`, {
          headers: { authorization: `Bearer ${await deployment.token("alice")}` },
        });
        const messages = (await history.json()) as { from: string; content: string }[];
        const answers = messages.filter(({ from }) => from === name).map(({ content }) => content);
        expect(answers).toEqual(["one", "two", "three"].map((text) => `You said: ${text}`));
        alice.socket.terminate();
      },
    );
  }
});
