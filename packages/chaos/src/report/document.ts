/** The two runs that docs/faults.md tells of; each writes its own part of it. */
export type Part = "faults" | "broken";

const NOTHING_YET: Readonly<Record<Part, string>> = {
  faults: "Not run yet: `npx pnpm@12 chaos`.",
  broken: "Not run yet: `npx pnpm@12 chaos --broken`.",
};

/** The document with a part put in the place of what it was; `before` is what there is now, "" where there is none. */
export function withPart(before: string, part: Part, body: string): string {
  const bodyOf = (each: Part) => (each === part ? body : (partOf(before, each) ?? NOTHING_YET[each]));
  const marked = (each: Part) => `${begin(each)}\n\n${bodyOf(each).trim()}\n\n${end(each)}`;
  return [INTRODUCTION, marked("faults"), ABOUT_BROKEN, marked("broken"), ""].join("\n");
}

function partOf(document: string, part: Part): string | undefined {
  const from = document.indexOf(begin(part));
  const to = document.indexOf(end(part), from);
  return from < 0 || to < 0 ? undefined : document.slice(from + begin(part).length, to);
}

const begin = (part: Part) => `<!-- ${part}: begin -->`;
const end = (part: Part) => `<!-- ${part}: end -->`;

const INTRODUCTION = `# The faults, and what came of them

This file is written by a command; [guarantees.md](guarantees.md) says what the faults are and what must hold. Each run is
a Parley of its own: two gateways, two persisters, a history-api, a Redis and a MongoDB as real processes, with at least 20
SDK clients talking through both gateways all the while, and a reader that asks for the whole public room again and again.
A row is a fault with the sums over its runs; a fault that cannot be made on the machine says why, and is \`not made\`.

Of each row: \`seeds\` what \`--seed\` makes each run again with; \`lost\` acknowledged and not in history, or not in
MongoDB; \`unseen\` what a client should have seen and did not; \`seen\` over all clients; \`struck\` how often the fault
really hit something; \`recovery\` from its end, or where nothing ends from its beginning, until all was as before. Also
checked: what history answered meanwhile held all that was acknowledged before (P56), and MongoDB holds what history answers.
`;

const ABOUT_BROKEN = `
## The checker is checked

A table that is always green proves nothing. Each of these builds breaks one promise on purpose and must turn its fault
red, for what it does wrong: a fault that falls for another reason does not count. The product has no switch for it: each
edit is in a file beside the source that it breaks, such as
[message-appender.mutants.yaml](../apps/gateway/src/inbound/message-appender.mutants.yaml), and is applied while a separate
bundle is built. Under the same faults the builds that are shipped must hold, as above.
`;
