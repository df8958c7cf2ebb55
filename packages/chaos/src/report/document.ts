/** A part of docs/faults.md. Each part is written by its own kind of run. */
export type Part = "faults" | "broken";

const PLACEHOLDERS: Readonly<Record<Part, string>> = {
  faults: "Not run yet: `npx pnpm@12 chaos`.",
  broken: "Not run yet: `npx pnpm@12 chaos --broken`.",
};

/** Returns the document with a new body for `part`. `before` is the present document, or "" when there is none. */
export function withPart(before: string, part: Part, body: string): string {
  const bodyOf = (each: Part) => (each === part ? body : (partOf(before, each) ?? PLACEHOLDERS[each]));
  const marked = (each: Part) => `${begin(each)}\n\n${bodyOf(each).trim()}\n\n${end(each)}`;
  return [INTRODUCTION, marked("faults"), ABOUT_MUTANTS, marked("broken"), ""].join("\n");
}

function partOf(document: string, part: Part): string | undefined {
  const from = document.indexOf(begin(part));
  const to = document.indexOf(end(part), from);
  return from < 0 || to < 0 ? undefined : document.slice(from + begin(part).length, to);
}

const begin = (part: Part) => `<!-- ${part}: begin -->`;
const end = (part: Part) => `<!-- ${part}: end -->`;

const INTRODUCTION = `# Results of the fault trials

A command writes this file. [guarantees.md](guarantees.md) describes the faults and the guarantees that must hold under
them. Each run starts its own Parley of real processes: two gateways, two persisters, a history-api, a Redis and a MongoDB.
At least 20 SDK clients send and receive through both gateways during the run, and a reader requests the whole public room
repeatedly. Each row is a fault, with the sums over its runs. A fault that the machine can't make is \`not made\`, and its
row has the reason.

The columns: \`seeds\` are the values of \`--seed\` that repeat each run. \`lost\` messages were acknowledged and are missing
in history or MongoDB. \`unseen\` messages were not seen by a client that should have seen them. \`seen\` is the sum over all
clients. \`struck\` is the number of times that the fault had an effect. \`recovery\` is the time from the end of the fault, or
from its start where nothing ends, until everything worked as before. The trials also check that each history answer during
the fault held everything acknowledged before the request (P56), and that MongoDB holds what history answers.
`;

const ABOUT_MUTANTS = `
## The checker is checked

A checker that never reports anything proves nothing. Each build below is a mutant: it breaks one promise on purpose, and
the run of its fault must then fail. Only the expected violation counts, not a failure for another reason. The product has no
switch for mutants. Each edit is in a \`.mutants.yaml\` file beside the source that it breaks, such as
[message-appender.mutants.yaml](../apps/gateway/src/inbound/message-appender.mutants.yaml), and is applied while a separate
bundle is built. The shipped builds must hold under the same faults, as the table above shows.
`;
