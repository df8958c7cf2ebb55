import { expect, it } from "vitest";
import { Gathered } from "./gathered.ts";

it("asks once for all who wait, and never answers with what was asked before the call", async () => {
  const asked: PromiseWithResolvers<string>[] = [];
  const gathered = new Gathered(() => {
    asked.push(Promise.withResolvers());
    return asked.at(-1)?.promise ?? Promise.reject(new Error("none"));
  });
  const first = [gathered.answer(), gathered.answer()];
  await Promise.resolve();
  expect(asked.length).toBe(1);
  const second = [gathered.answer(), gathered.answer()];
  asked[0]?.reject(new Error("gone"));
  expect((await Promise.allSettled(first)).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  await Promise.resolve();
  expect(asked.length).toBe(2);
  asked[1]?.resolve("new");
  expect(await Promise.all(second)).toEqual(["new", "new"]);
});
