import { execFileSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { startTcpProxy, type TcpProxy } from "@parley/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ChatClient } from "../rig/chat-client.ts";
import { startProcess } from "../rig/commands.ts";
import { EXAMPLES, goExample, nodeExample, type Program, pythonExample } from "../rig/examples.ts";
import { type Standalone, startStandalone } from "../rig/shapes.ts";

const programs: readonly (readonly [string, Program | undefined])[] = [
  ["Node", nodeExample()],
  ["Python", await pythonExample()],
  ["Go", await goExample()],
];
const sources = globSync("{browser,node,python,go,webhook-relay}/*.{js,py,go,html,css}", { cwd: EXAMPLES });
const textOf = (file: string) => readFileSync(join(EXAMPLES, file), "utf8");

let deployment: Standalone;
let proxy: TcpProxy;
beforeAll(async () => {
  deployment = await startStandalone({ env: { RATE_LIMIT: "0" } });
  proxy = await startTcpProxy(Number(new URL(deployment.app.url).port));
});
afterAll(async () => {
  await proxy?.close();
  await deployment?.stop();
});

describe("the examples", () => {
  for (const [language, program] of programs) {
    it.skipIf(program === undefined)(
      `in ${language}: sends, reads acks, and after a cut shows everything once and in order, edits and deletions too`,
      async () => {
        const [command = "", ...args] = program ?? [];
        // Each example has its own user, so it gets no messages of other examples.
        const user = `alice.${language}`;
        const bob = await ChatClient.connect(deployment.gateways[0], await deployment.token("bob"));
        const send = (contents: readonly string[]) =>
          Promise.all(contents.map((content) => bob.send(user, content)));
        const change = async (method: string, path: string, body?: string) => {
          const authorization = `Bearer ${await deployment.token("bob")}`;
          const headers = { authorization, "content-type": "application/json" };
          const init = { method, headers, ...(body && { body }) };
          expect((await fetch(`${deployment.historyUrl}/message/${path}`, init)).status).toBe(200);
        };
        const alice = startProcess(command, args, {
          PARLEY_URL: proxy.url(deployment.app.url).replace(/\/$/, ""),
          PARLEY_TOKEN: await deployment.token(user),
          PARLEY_TO: user,
          WEBSOCKETS_BACKOFF_INITIAL_DELAY: "0.2",
          WEBSOCKETS_BACKOFF_MIN_DELAY: "0.2",
        });
        await alice.printed(/connected as alice/, "err");
        alice.type("typed\n");
        await alice.printed(/kept: typed\n/);
        const [before] = await send(["before"]);
        await alice.printed(/bob: before\n/);
        await change("PATCH", `${before?.id}`, JSON.stringify({ content: "changed", ref: "e" }));
        await alice.printed(/bob \(edited\): changed\n/);

        proxy.refuse(true);
        proxy.cut("rst");
        await alice.printed(/connection lost/, "err");
        const away = Array.from({ length: 1_200 }, (_, n) => `away ${n}`);
        await send(away);
        await change("DELETE", `${before?.id}?ref=d`);
        alice.type("typed in the dark\n");
        proxy.refuse(false);
        await alice.printed(/kept: typed in the dark\n/);
        await send(["after"]);
        await alice.printed(/bob: after\n/);

        // The answer to a send is lost with the connection. The example sends the message again, and it is stored
        // only once.
        const lost = proxy.loseNextReply();
        alice.type("answered twice\n");
        await lost;
        await alice.printed(/kept: answered twice\n/);
        await send(["the end"]);
        await alice.printed(/bob: the end\n/);

        const mine = (text: string) => `${user}: ${text}`;
        const theirs = ["before", ...away, "after", "the end"].map((text) => `bob: ${text}`);
        const shown = alice.lines.filter((line) => !line.startsWith("kept: "));
        expect(shown.filter((line) => line.startsWith("bob: "))).toEqual(theirs);
        expect(shown.filter((line) => !line.startsWith("bob: "))).toEqual([
          mine("typed"),
          "bob (edited): changed",
          "bob (deleted): ",
          ...["typed in the dark", "answered twice"].map(mine),
        ]);
        expect(alice.lines.filter((line) => line.startsWith("kept: "))).toHaveLength(3);
        bob.socket.terminate();
      },
    );
  }

  it.each(sources)("%s has at most 80 lines", (file) => {
    expect(textOf(file).trimEnd().split("\n").length).toBeLessThanOrEqual(80);
  });

  it.each(sources.filter((file) => file.endsWith(".js")))(
    "%s is valid JavaScript without a build",
    (file) => {
      execFileSync(process.execPath, ["--check", join(EXAMPLES, file)]);
    },
  );

  it("the page loads only files of its own folder, and its Content-Security-Policy allows no others", () => {
    const page = textOf("browser/index.html");
    const loaded = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = ""]) => path);
    const imported = [...textOf("browser/chat.js").matchAll(/from "([^"]+)"/g)].map(([, path = ""]) => path);
    expect([...loaded, ...imported]).toEqual(["chat.css", "chat.js", "./parley.js"]);
    expect(page).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(page + textOf("browser/chat.js")).not.toMatch(/\.innerHTML|<script>|style=/);
  });
});
