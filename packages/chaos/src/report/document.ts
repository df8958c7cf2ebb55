/** A part of docs/faults.md. Each part is written by its own kind of run. */
export type Part = "faults" | "broken" | "hostile" | "soak" | "upgrade";

const PLACEHOLDERS: Readonly<Record<Part, string>> = {
  faults: "Not run yet: `npx pnpm@12 chaos`.",
  broken: "Not run yet: `npx pnpm@12 chaos --broken`.",
  hostile: "Not run yet: `npx pnpm@12 chaos --hostile`.",
  soak: "Not run yet: `npx pnpm@12 chaos --soak 60`.",
  upgrade: "Not run yet: `npx pnpm@12 chaos --upgrade <revision of the last release>`.",
};

/** Returns the document with a new body for `part`. `before` is the present document, or "" when there is none. */
export function withPart(before: string, part: Part, body: string): string {
  const bodyOf = (each: Part) => (each === part ? body : (partOf(before, each) ?? PLACEHOLDERS[each]));
  const marked = (each: Part) => `${begin(each)}\n\n${bodyOf(each).trim()}\n\n${end(each)}`;
  const parts = [
    INTRODUCTION,
    marked("faults"),
    ABOUT_MUTANTS,
    marked("broken"),
    ABOUT_ATTACKS,
    marked("hostile"),
    ABOUT_SOAK,
    marked("soak"),
    ABOUT_UPGRADES,
    marked("upgrade"),
  ];
  return [...parts, ""].join("\n");
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
repeatedly. Each row is a fault, with the sums over its runs. A fault that the machine can't cause is \`not made\`, and its
row has the reason.

The columns: \`seeds\` are the values of \`--seed\` that repeat each run. \`lost\` messages were acknowledged and are missing
in history or MongoDB. \`unseen\` messages were not seen by a client that should have seen them. \`seen\` is the sum over all
clients. \`struck\` is the number of times that the fault had an effect. \`recovery\` is the time from the end of the fault, or
from its start where nothing ends, until everything worked as before. The trials also check that each history answer during
the fault held everything acknowledged before the request (P56), and that MongoDB holds what history answers.

Under F1 to F3, F6, F9, F11, F15 and F18 to F20, users also edit and delete their messages, and repeat some of these requests. Then
the same columns count what goes wrong with changes: an acknowledged one that isn't stored or that its message doesn't have (P76), one
that is stored twice, and one that a client didn't see live or in the \`changes\` of \`/sync\` (P74, P75).

Under F23 every read mark and number of unread messages that a user is told is compared with the messages and marks that were sent
(P70, P71). Under F24 the time of everything that a revoked user gets is compared with the time of the revocation, by a monotonic
clock (P65).
`;

const ABOUT_MUTANTS = `
## The checker is checked

A checker that never reports anything proves nothing. Each build below is a mutant: it breaks one promise on purpose, and
the run of its fault must then fail. Only the expected violation counts, not a failure for another reason. The product has no
switch for mutants. Each edit is in a \`.mutants.yaml\` file beside the source that it breaks, such as
[message-appender.mutants.yaml](../apps/gateway/src/inbound/message-appender.mutants.yaml), and is applied while a separate
bundle is built. The shipped builds must hold under the same faults, as the table above shows.
`;

const ABOUT_ATTACKS = `
## Attacks

Each row is work that one client can do to harm the others. [guarantees.md](guarantees.md#attacks) says what must hold
meanwhile. Two ordinary users send each other 20 messages a second, read ten pages of history a second, and open a new
connection every 1.5 seconds. The attacker runs in a process of its own and has an address of its own. In each round it
attacks for some seconds, and for as long does the same operations at the same times against a sink: a process that accepts, answers
and discards everything. The attack and the control share the machine with the users in the same way, so that their difference
is the harm that the attack does to Parley. All limits have their defaults, except where a row names a setting.

The columns: every time is the 99th percentile of all rounds together. \`ratio\` is the attack's time in
times of the control's. A row is met if acks and history pages take at most twice as long as with its control, or at most twice
as long as with the controls of all rows of the same system together. One row has a few hundred values of each kind, so its
99th percentile is one of the few largest, and two controls differ by as much as the lines below the table say. All controls
together have thousands, and tell what a user of this machine sees without an attack. A row that takes more than twice as long as its
own control gets as many rounds again, and all of them count.

\`refused\` counts errors, closed connections, refused handshakes and answers that took longer than
5 s. The last column counts the attacker's own connections that were refused or ended, and the errors that it got: without
any, nothing bounded the attack. \`memory\` is the largest resident memory of a process, with its name. \`event loop\` is the longest time for which one was
blocked, and at least 10 ms, which is the resolution of the measurement. \`of the measurement\` is the same for the process
of the two users: what it was blocked is part of their times. \`split\` is two gateways, two persisters, a
history-api, a Redis and a MongoDB; the first gateway is attacked and serves the users. \`standalone\` is one process.
`;

const ABOUT_SOAK = `
## Hours

A system that works for minutes may still fail after days, because something grows. Here a steady load runs for an hour, and
every figure that a leak raises is sampled every few seconds. Each user keeps one connection and writes private messages to
four others; one message in 50 is sent twice with the same ref. Further connections stay for 5 seconds. The requests are a page
of a conversation, a sync and the list of conversations in turn. Every connection must receive each message of its user once
and in order, every acknowledged message must be stored once, and the newest one must be in the next page. Stored messages are
removed after a minute, because a small MongoDB reads more slowly the more it has.

To repeat it: \`npx pnpm@12 chaos --soak 60\`, on a machine on which nothing else runs. A shorter run judges the time after its
first sixth, and its bounds are wider. \`DEDUPE_WINDOW_MS\` is half of the time that isn't judged, so that Redis forgets as many
refs as it adds.

The columns: memory is in MiB. Each figure is reduced to the lowest value of each of 12 intervals: the memory that is left after
a collection, the connections that are left between two bursts. \`slope\` is the median of the slopes between all pairs of
intervals, by Theil and Sen. A slope is a leak if it is above its bound, and above zero with a probability of 97.5 %.
`;

const ABOUT_UPGRADES = `
## Upgrades

While a release is rolled out, processes of two builds share one log and one store, and an operator may go back. Each row is
an order in which the apps are upgraded. Two gateways, two persisters and two history-apis start from the build of the last
release. Under load each gets SIGTERM and starts again from the new build, one after the other. Then all go back in the reverse
order, upgrade again, and go back again. If the new build knows \`ENTRIES\`, the persisters raise the format of what is written
and lower it, while every process is new, and the first old process starts a minute later. Each mixture stays for some seconds.
Once, while each build has one persister, each persister is killed between its inserts and their XACK, so that the other build
settles them (F1). In the last row Redis runs under Sentinels with \`DURABILITY=replicated\`, and its master is killed in place
of the persisters.

Besides the checks of every fault: two readers follow the log with \`/sync\`, and give the cursor of each history-api to the
other one. Each message of one client goes through both gateways with the same ref, and must get one id. No send may be refused.
After each step every client has a new ack within 15 s, every history-api answers, and everything acknowledged by then is
stored. \`recovery\` is the longest time of a step until all this was so.

To repeat it: \`npx pnpm@12 chaos --upgrade <revision>\`.
`;
