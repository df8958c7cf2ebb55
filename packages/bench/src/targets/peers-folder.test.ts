import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { peersAreInstalled, peerVersions } from "./peers-folder.ts";

const CATALOG = join(import.meta.dirname, "../../../../pnpm-workspace.yaml");

it("the peers are installed if the installed lockfile equals the pinned one", async () => {
  const folder = await mkdtemp(join(tmpdir(), "parley-peers-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "pnpm-lock.yaml"), "one: 1\n");
  expect(peersAreInstalled(folder)).toBe(false);
  await mkdir(join(folder, "node_modules/.pnpm"), { recursive: true });
  await writeFile(join(folder, "node_modules/.pnpm/lock.yaml"), "one: 1\n");
  expect(peersAreInstalled(folder)).toBe(true);
  await writeFile(join(folder, "pnpm-lock.yaml"), "one: 2\n");
  expect(peersAreInstalled(folder)).toBe(false);
});

it("peers and raw driver use the same library versions as Parley", async () => {
  const catalog = await readFile(CATALOG, "utf8");
  const versions = peerVersions();
  for (const name of ["ioredis", "mongodb", "ws"])
    expect(catalog).toContain(`  ${name}: ${versions[name]}\n`);
});
