import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  adaptersAreChosenInMain,
  driversAreIsolated,
  importsAreAllowed,
  manifestsAreAllowed,
  type Rule,
} from "./architecture/import-rules.ts";
import { foldersAreSmall, importsHaveNoCycle } from "./architecture/layout-rules.ts";
import { importsOf, readSources } from "./architecture/source.ts";
import {
  commentsOpenWithFacts,
  filesAreShort,
  MAX_QUESTION_COMMENTS,
  namesAreSpecific,
  nodeRunsTheSource,
  nothingIsMachineSpecific,
  onlyCommandsPrint,
  onlyReadEnvReadsTheEnvironment,
  serversAreCreatedInOnePlace,
} from "./architecture/text-rules.ts";

type Sample = readonly [path: string, text: string];

/** Each rule with bad samples, which it must report one by one, and good samples, which it must accept. */
const RULES: Readonly<Record<string, { rule: Rule; bad: readonly Sample[]; good: readonly Sample[] }>> = {
  "a package imports only allowed packages": {
    rule: importsAreAllowed,
    bad: [
      ["packages/models/src/a.ts", 'import { pino } from "pino";'],
      ["packages/auth/src/a.ts", 'import { User } from "@parley/models";'],
      ["packages/bus/src/a.ts", 'import type { Store } from "@parley/store";'],
      ["packages/store/src/a.ts", 'export { LOG } from "@parley/bus";'],
      ["packages/client/src/a.ts", 'import { WebSocket } from "ws";'],
      ["apps/gateway/src/a.ts", 'import {\n  openMongoStore,\n} from "@parley/store/mongo";'],
      ["apps/gateway/src/a.ts", 'import { createPersister } from "@parley/persister";'],
      ["apps/history-api/src/a.ts", 'const { startRedis } = await import("@parley/local");'],
      ["apps/persister/src/a.ts", 'import "@parley/testkit";'],
      ["apps/cli/src/a.ts", 'import { WebSocket } from "ws";'],
      ["apps/web/src/a.tsx", 'import { Message } from "@parley/models";'],
      ["apps/web/src/a.ts", 'import axios from "axios";'],
      ["packages/new/src/a.ts", 'import { User } from "@parley/models";'],
    ],
    good: [
      ["packages/models/src/a.ts", 'import { z } from "zod";\nimport { readFileSync } from "node:fs";'],
      ["apps/standalone/src/a.ts", 'import { createGateway } from "@parley/gateway";'],
      ["apps/web/src/a.tsx", 'import { connect } from "@parley/client";\nimport { render } from "preact";'],
      ["apps/gateway/src/a.test.ts", 'import { startRedis } from "@parley/local";'],
      ["packages/e2e/src/a.ts", 'import { MongoClient } from "mongodb";'],
    ],
  },
  "a package.json declares only allowed packages": {
    rule: manifestsAreAllowed,
    bad: [
      ["packages/models/package.json", '{"dependencies":{"zod":"catalog:","jose":"catalog:"}}'],
      ["apps/gateway/package.json", '{"dependencies":{"@parley/local":"workspace:*"}}'],
    ],
    good: [
      [
        "packages/models/package.json",
        '{"dependencies":{"zod":"catalog:"},"devDependencies":{"jose":"catalog:"}}',
      ],
      ["packages/bench/package.json", "{}"],
    ],
  },
  "a driver is imported in one folder only": {
    rule: driversAreIsolated,
    bad: [
      ["packages/bus/src/memory/a.ts", 'import { Redis } from "ioredis";'],
      ["packages/store/src/sqlite/a.ts", 'import type { Db } from "mongodb";'],
      ["apps/gateway/src/a.ts", 'import { Counter } from "prom-client";'],
      ["apps/gateway/src/a.ts", 'import pino from "pino";'],
      ["packages/service/src/a.ts", 'import { jwtVerify } from "jose";'],
    ],
    good: [
      ["packages/bus/src/redis/a.ts", 'import { Redis } from "ioredis";'],
      ["packages/testkit/src/a.ts", 'import { MongoClient } from "mongodb";'],
    ],
  },
  "an adapter is imported in a main.ts only": {
    rule: adaptersAreChosenInMain,
    bad: [
      ["apps/gateway/src/gateway.ts", 'import { RedisBus } from "@parley/bus/redis";'],
      ["apps/cli/src/doctor/redis.ts", 'const { inspectRedis } = await import("@parley/bus/redis");'],
    ],
    good: [
      ["apps/gateway/src/main.ts", 'import { RedisBus } from "@parley/bus/redis";'],
      ["apps/gateway/src/metrics.ts", 'import type { RedisEvent } from "@parley/bus/redis";'],
      ["apps/gateway/src/a.test.ts", 'import { MemoryBus } from "@parley/bus/memory";'],
    ],
  },
  "a file has at most 300 lines, a main.ts 60": {
    rule: filesAreShort,
    bad: [
      ["packages/bus/src/a.ts", "//\n".repeat(301)],
      ["packages/bus/src/a.test.ts", "//\n".repeat(301)],
      ["apps/gateway/src/main.ts", "//\n".repeat(61)],
    ],
    good: [
      ["packages/bus/src/a.ts", "//\n".repeat(300)],
      ["apps/gateway/src/main.ts", "//\n".repeat(60)],
    ],
  },
  "files and folders have specific names": {
    rule: namesAreSpecific,
    bad: [
      ["packages/bus/src/utils.ts", ""],
      ["packages/common/src/a.ts", ""],
      ["apps/gateway/src/helpers/a.ts", ""],
      ["apps/gateway/src/util.test.ts", ""],
    ],
    good: [["packages/models/src/commons-licence.ts", ""]],
  },
  "only commands print": {
    rule: onlyCommandsPrint,
    bad: [["apps/gateway/src/a.ts", 'console.log("hello");']],
    good: [
      ["packages/bench/src/a.ts", 'console.log("hello");'],
      ["packages/service/src/a.ts", "const program = 'console.log(\\'hello\\')';"],
      ["apps/gateway/src/a.test.ts", 'console.log("hello");'],
    ],
  },
  "only readEnv reads the environment": {
    rule: onlyReadEnvReadsTheEnvironment,
    bad: [["apps/gateway/src/main.ts", "process.env.PORT"]],
    good: [
      ["packages/service/src/env/read.ts", "process.env"],
      ["packages/local/src/processes/app.ts", "process.env.PATH"],
    ],
  },
  "Node runs every source": {
    rule: nodeRunsTheSource,
    bad: [
      ["packages/bus/src/a.ts", "for (const of of [1]) void of;"],
      ["apps/gateway/src/a.ts", "enum Color { red }"],
    ],
    good: [["packages/bus/src/a.ts", "const a: readonly number[] = [1];\nexport type A = typeof a;"]],
  },
  "HTTP servers are created in one place": {
    rule: serversAreCreatedInOnePlace,
    bad: [
      ["apps/gateway/src/main.ts", 'import { createServer } from "node:http";'],
      ["packages/local/src/a.ts", 'import { createServer, type Server } from "node:http";'],
      ["apps/new/src/a.ts", 'import {\n  createServer,\n  type Server,\n} from "node:https";'],
    ],
    good: [
      ["packages/service/src/http/server/http-server.ts", 'import { createServer } from "node:http";'],
      ["packages/local/src/free-port.ts", 'import { createServer } from "node:net";'],
      ["apps/gateway/src/a.ts", 'import type { Server } from "node:http";'],
      ["apps/gateway/src/a.test.ts", 'import { createServer } from "node:http";'],
    ],
  },
  "no file contains a path of one machine or a registry's address": {
    rule: nothingIsMachineSpecific,
    bad: [
      ["README.md", `see ${"/wo"}rk/main`],
      ["docs/a.md", `cd ${"/ho"}me/me/parley`],
      ["pnpm-lock.yaml", `tarball: ${"https:/"}/registry.example.com/a.tgz`],
      ["README.md", `${"https:/"}/www.npmjs.com/package/a`],
      [".npmrc", `${"regis"}try=http://127.0.0.1:4873`],
    ],
    good: [
      ["README.md", "packages/work/a, a/worker, https://example.com, the registry of metrics"],
      ["packages/service/src/a.ts", "  registry = createMetrics();"],
    ],
  },
};

const repository = readSources(join(import.meta.dirname, "../../.."));

describe.each(Object.entries(RULES))("%s", (_name, { rule, bad, good }) => {
  it("holds in this repository", () => {
    expect(rule(repository)).toEqual([]);
  });

  it.each(bad)("reports %s: %s", (path, text) => {
    expect(rule([{ path, text }])).toHaveLength(1);
  });

  it("accepts the good samples", () => {
    expect(rule(good.map(([path, text]) => ({ path, text })))).toEqual([]);
  });
});

describe("comments open with facts, not with question words", () => {
  const path = "apps/gateway/src/a.ts";
  const repeated = (line: string, count: number) => [{ path, text: `${line}\n`.repeat(count) }];

  it("holds in this repository", () => {
    expect(commentsOpenWithFacts(repository)).toEqual([]);
  });

  it.each(["What", "Who", "Whom", "Whether", "Where", "How", "One who"])("reports %s", (word) => {
    for (const line of [`/** ${word} it is. */`, `  // ${word} it is.`, `   * ${word}`]) {
      const [violation, ...others] = commentsOpenWithFacts(repeated(line, MAX_QUESTION_COMMENTS));
      expect(violation).toContain(`${path} (${MAX_QUESTION_COMMENTS})`);
      expect(others).toEqual([]);
    }
  });

  it("accepts a few of them, other words, words within a line and other files", () => {
    const text = "// Whatever it is.\n// Once one knows. How?\nconst text = '// What it is.';\n";
    const fine = [
      ...repeated("// What it is.", MAX_QUESTION_COMMENTS - 1),
      { path: "apps/gateway/src/b.ts", text: text.repeat(MAX_QUESTION_COMMENTS) },
      { path: "docs/a.md", text: "* What it is.\n".repeat(MAX_QUESTION_COMMENTS) },
    ];
    expect(commentsOpenWithFacts(fine)).toEqual([]);
  });
});

describe("a folder has at most 15 files beside tests", () => {
  const files = (folder: string, count: number, ending = ".ts") =>
    Array.from({ length: count }, (_, n) => ({ path: `${folder}/f${n}${ending}`, text: "" }));

  it("holds in this repository", () => {
    expect(foldersAreSmall(repository)).toEqual([]);
  });

  it("reports a sixteenth file", () => {
    expect(foldersAreSmall(files("apps/gateway/src", 16))).toEqual([
      "apps/gateway/src: 16 files, at most 15",
    ]);
  });

  it("accepts tests and subfolders", () => {
    const small = [...files("apps/gateway/src", 15), ...files("apps/gateway/src/http", 15)];
    const tests = [...files("apps/gateway/src", 9, ".test.ts"), ...files("apps/gateway/src/test", 20)];
    expect(foldersAreSmall([...small, ...tests])).toEqual([]);
  });
});

describe("no two files import each other", () => {
  const importing = (path: string, ...names: readonly string[]) => ({
    path: `apps/gateway/src/${path}`,
    text: names.map((name) => `import type { A } from "${name}";`).join("\n"),
  });

  it("holds in this repository", () => {
    expect(importsHaveNoCycle(repository)).toEqual([]);
  });

  it("reports a cycle across folders, also of type imports only", () => {
    const cycle = [
      importing("a.ts", "./b/b.ts"),
      importing("b/b.ts", "../c.ts"),
      importing("c.ts", "./a.ts"),
    ];
    expect(importsHaveNoCycle(cycle)).toEqual([
      "apps/gateway/src/a.ts -> apps/gateway/src/b/b.ts -> apps/gateway/src/c.ts -> apps/gateway/src/a.ts",
    ]);
  });

  it("accepts a file that is imported along two paths", () => {
    const diamond = [
      importing("a.ts", "./b.ts", "./c.ts"),
      importing("b.ts", "./d.ts"),
      importing("c.ts", "./d.ts"),
    ];
    expect(importsHaveNoCycle([...diamond, importing("d.ts")])).toEqual([]);
  });
});

describe("the rules check", () => {
  it("the whole repository", () => {
    const paths = repository.map(({ path }) => path);
    const some = ["package.json", "pnpm-lock.yaml", ".gitignore", ".ci/run", "packages/models/src/ids.ts"];
    expect(paths).toEqual(expect.arrayContaining([...some, "apps/gateway/src/main.ts", "deploy/Dockerfile"]));
    expect(paths.filter((path) => path.includes("node_modules"))).toEqual([]);
  });

  it("every form of an import", () => {
    const text = `import a from "a";
import type { B } from "b";
import { type C, c } from 'c';
import "d";
export * from "e";
export type { F } from "f";
import {
  g,
} from "g";
const h = await import("h");
// a comment from "nowhere" is no import
const i = { from: "nowhere" };`;
    const found = importsOf({ path: "a.ts", text });
    expect(found.map(({ specifier }) => specifier).toSorted()).toEqual([..."abcdefgh"]);
    const types = found.filter(({ typeOnly }) => typeOnly).map(({ specifier }) => specifier);
    expect(types.toSorted()).toEqual(["b", "f"]);
  });
});
