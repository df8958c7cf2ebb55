import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../../..");
const BIN = join(ROOT, "node_modules/.bin");
const INSTALLED = "node_modules/@parley/client";

/** A program that uses the installed package and prints the results. */
const PROGRAM = `
import { connect, ParleyError, type Message, type State } from "@parley/client";

declare const url: string;
const client = connect({ url, token: async () => "a.b.c", backoff: { baseMs: 50, maxMs: 200 } });
const print = (state: State): void => {
  if (state.phase === "closed") console.log(state.error?.code, state.error instanceof ParleyError);
};
client.state.subscribe(print);
client.messages.subscribe(({ id, from, content }: Message) => console.log(id, from, content));
client.send("bob", "hello").then(
  ({ id, timestamp }) => console.log(id, timestamp),
  (error: unknown) => { if (error instanceof ParleyError) console.log(error.code, error.mayHaveGoneThrough); },
);
// @ts-expect-error: the option token is required.
export const mistake = () => connect({ url });
`;
const OUTPUT = "unauthorized true\nclosed false\n";

/** Preloaded into Node: removes what the oldest browsers in `browserslist` lack, except for what Node's own fetch uses. */
const OLD_BROWSER = `data:text/javascript,
import "node:http";
void [WebSocket, fetch, Response];
delete AbortSignal.any;
delete AbortSignal.timeout;
delete AbortSignal.prototype.throwIfAborted;
delete String.prototype.isWellFormed;
for (const name of ["findLast", "findLastIndex", "toSorted", "toReversed", "toSpliced", "with"]) delete Array.prototype[name];
delete Object.groupBy;
delete Promise.try;
for (const name of ["parse", "canParse"]) delete URL[name];
delete Array.fromAsync;
delete globalThis.structuredClone;
`.replaceAll("\n", "");

/** A server that refuses every token, so that the program ends by itself. */
const server = createServer((_req, res) => {
  res.writeHead(401, { "content-type": "application/problem+json" }).end('{"code":"unauthorized"}');
});
let folder: string;

async function run(command: string, args: string[], cwd = folder): Promise<string> {
  const env = { ...process.env, PATH: `${BIN}:${process.env.PATH}`, NO_COLOR: "1" };
  const done = await promisify(execFile)(command, args, { cwd, env }).catch((error) => {
    throw new Error(`${command}: ${error.stdout}${error.stderr}`, { cause: error });
  });
  return done.stdout;
}

/** Runs a script in the folder with Node, until the script ends by itself. */
async function runScript(file: string, ...preloads: string[]): Promise<string> {
  const { port } = server.address() as AddressInfo;
  const preset = `data:text/javascript,globalThis.url="ws://127.0.0.1:${port}/ws"`;
  const imports = [preset, ...preloads].flatMap((preload) => ["--import", preload]);
  return run(process.execPath, ["--unhandled-rejections=strict", ...imports, file]);
}

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  folder = await mkdtemp(join(tmpdir(), "parley-client-"));
  await run("npx", ["--yes", "pnpm@12", "pack", "--pack-destination", folder], join(ROOT, "packages/client"));
  const [tarball = ""] = await readdir(folder);
  await writeFile(join(folder, "package.json"), '{"type":"module","private":true}');
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", join(folder, tarball)]);
  await writeFile(join(folder, "program.ts"), PROGRAM);
}, 180_000);
afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true, force: true });
});

describe("the package, packed and installed into an empty folder", () => {
  it("contains the built files only, and depends on no other package", async () => {
    expect((await readdir(join(folder, INSTALLED))).sort()).toEqual([
      "LICENSE",
      "README.md",
      "dist",
      "package.json",
    ]);
    const manifest = JSON.parse(await readFile(join(folder, INSTALLED, "package.json"), "utf8"));
    expect(manifest.dependencies ?? {}).toEqual({});
    expect(await readdir(join(folder, "node_modules/@parley"))).toEqual(["client"]);
  });

  it("type-checks strictly, including its own declarations, and runs in Node", async () => {
    const options =
      "--strict --exactOptionalPropertyTypes --module nodenext --target es2022 --lib es2024,dom";
    await run("tsc", [...options.split(" "), "--types", "", "program.ts"]);
    expect(await runScript("program.js")).toBe(OUTPUT);
  });

  it("bundles for a browser without anything of Node, and the bundle runs", async () => {
    const args = [
      "--bundle",
      "--platform=browser",
      "--format=esm",
      "--metafile=meta.json",
      "--outfile=page.js",
    ];
    await run("esbuild", ["program.ts", ...args]);
    const { inputs } = JSON.parse(await readFile(join(folder, "meta.json"), "utf8"));
    expect(Object.keys(inputs).sort()).toEqual([`${INSTALLED}/dist/index.js`, "program.ts"]);
    const bundle = await readFile(join(folder, "page.js"), "utf8");
    expect(bundle).not.toMatch(/\bnode:|\brequire\(|\bprocess\.|\bBuffer\b/);
    expect(await runScript("page.js")).toBe(OUTPUT);
  });

  it("needs no newer browser than its browserslist names", async () => {
    const manifest = JSON.parse(await readFile(join(folder, INSTALLED, "package.json"), "utf8"));
    const targets = (manifest.browserslist as string[]).map((browser) => browser.replaceAll(" >= ", ""));
    for (const file of ["index.js", "parley.js"]) {
      const path = join(INSTALLED, "dist", file);
      const code = await run("esbuild", [path, "--target=esnext"]);
      // esbuild rewrites syntax that a target lacks.
      expect(await run("esbuild", [path, `--target=${targets.join()}`])).toBe(code);
    }
    expect(await runScript("page.js", OLD_BROWSER)).toBe(OUTPUT);
  });

  it("has one small file for pages without a build step", async () => {
    const file = join(folder, INSTALLED, "dist/parley.js");
    const text = await readFile(file, "utf8");
    expect(text).not.toMatch(/\bimport\s*[{("*]|\brequire\(|\bnode:/);
    expect(text.length).toBeLessThan(30_000);
    const program = (await readFile(join(folder, "program.js"), "utf8")).replace(
      "@parley/client",
      "@parley/client/parley.js",
    );
    await writeFile(join(folder, "no-build.js"), program);
    expect(await runScript("no-build.js")).toBe(OUTPUT);
  });
});
