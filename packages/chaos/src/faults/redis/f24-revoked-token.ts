import { inBackground } from "@parley/async";
import { judgeRevoked, type RevokedVerdict } from "../../checker/revoked.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { endOfLog } from "../../cluster/log-inspection.ts";
import { eventually } from "../../eventually.ts";
import { formatSeconds } from "../../report/format.ts";
import { TokenHolder } from "../../workload/tokens/token-holder.ts";
import type { Fault, FaultContext } from "../fault.ts";
import {
  everythingLost,
  linksBroken,
  processesStopped,
  revocationsOlder,
  type Strike,
} from "./f24-strikes.ts";

const OPERATOR = "f24-operator";
const ACCEPTED = "f24-accepted";
/** A user is blocked for longer than any trial takes. */
const BLOCKED_UNTIL = "2999-01-01T00:00:00Z";
const REFUSED = new Set([401, 403]);
/** The statuses of a process that couldn't answer, such as one without a link to the log. 0 is no answer at all. */
const UNANSWERED = new Set([0, 503]);
/** Time after the end of a strike in which everything must be as before. */
const RIGHT_WITHIN_MS = 30_000;

/** One of the two revocations (P65), with the status of requests and the code with which connections are closed. */
interface Kind {
  readonly name: "revoked" | "blocked";
  readonly status: number;
  readonly closeCode: number;
}
const KINDS: readonly Kind[] = [
  { name: "revoked", status: 401, closeCode: 4003 },
  { name: "blocked", status: 403, closeCode: 4503 },
];

interface StrikeResult extends RevokedVerdict {
  readonly refusals: number;
  readonly recoveryMs: number;
}

/**
 * Revokes the tokens of a user, or blocks the user, while processes can't know of it. The user holds connections, requests
 * new ones, sends messages and reads history all the time (P65, L26). Another user does the same and must not be refused.
 */
export const revokedToken: Fault = {
  id: "F24",
  title: "a token is revoked while links to Redis are cut and silent, processes stop, and Redis forgets it",
  async inject(context) {
    const { cluster, workload, log, short } = context;
    const accepted = await TokenHolder.open(cluster, workload.ledger, ACCEPTED);
    const stopping = new AbortController();
    const running = inBackground(accepted.run(stopping.signal));
    const results: StrikeResult[] = [];
    try {
      for (const [n, strike] of strikesOf(cluster, short).entries()) {
        const kind = KINDS[n % KINDS.length] as Kind;
        log(`${strike.name}; a user is ${kind.name}`);
        results.push(await revokeDuring(context, strike, { kind, accepted, user: `f24-${kind.name}-${n}` }));
      }
    } finally {
      stopping.abort();
      await running;
    }
    await workload.untilRecovered(performance.now());
    const refused = accepted.refusals.filter(({ status }) => REFUSED.has(status));
    const slowest = (kind: keyof RevokedVerdict["slowestMs"]) =>
      formatSeconds(Math.max(...results.map(({ slowestMs }) => slowestMs[kind])));
    return {
      struck: results.reduce((sum, { refusals }) => sum + refusals, 0),
      unit: "requests of revoked users refused",
      recoveryMs: Math.max(...results.map(({ recoveryMs }) => recoveryMs)),
      details: `${results.length} users: nothing later than ${slowest("working")} after the revocation from processes that reached the log, and ${slowest("broken")} from others; ${accepted.services.length} times another user was served meanwhile`,
      problems: [
        ...results.flatMap(({ problems }) => problems),
        ...(refused.length === 0 ? [] : [`P65: a user who isn't revoked got ${refused[0]?.status}`]),
      ],
      late: results.flatMap(({ late }) => late),
    };
  },
};

/** The long form makes each strike twice, once with each kind of revocation. */
function strikesOf(cluster: Cluster, short: boolean): readonly Strike[] {
  const links = linksBroken(cluster, { isGatewaySilent: false });
  const others = [processesStopped(cluster, { isGatewayFrozen: true }), revocationsOlder(cluster)];
  if (short) return [links, ...others];
  others.push(
    linksBroken(cluster, { isGatewaySilent: true }),
    processesStopped(cluster, { isGatewayFrozen: false }),
    everythingLost(cluster),
  );
  return [links, ...others, ...others, links];
}

/** Revokes a user while the strike lasts, and judges what the user got. */
async function revokeDuring(
  { cluster, workload: { ledger } }: FaultContext,
  strike: Strike,
  { kind, accepted, user }: { readonly kind: Kind; readonly accepted: TokenHolder; readonly user: string },
): Promise<StrikeResult> {
  const holder = await TokenHolder.open(cluster, ledger, user);
  const stopping = new AbortController();
  const running = inBackground(holder.run(stopping.signal));
  try {
    const areServed = () => holder.processes.every((each) => holder.isServedBy(each));
    await eventually(areServed, "the user to be served");
    await strike.begin();
    await revoke(cluster, user, kind);
    const revoked = { atMs: performance.now(), end: await endOfLog(cluster) };
    await strike.last();
    const working = holder.processes.filter((each) => !strike.broken.includes(each));
    const idle = () => working.filter((each) => !accepted.isServedBy(each, revoked.atMs));
    // A process that served nobody meanwhile would show nothing.
    await eventually(() => idle().length === 0, "the other user to be served meanwhile").catch(
      () => undefined,
    );
    const idleMeanwhile = idle();
    const endMs = performance.now();
    await strike.end();
    const wrong = () => wrongSince(endMs, holder, accepted, kind);
    await eventually(() => wrong().length === 0, "what must be right", RIGHT_WITHIN_MS).catch(
      () => undefined,
    );
    const recoveryMs = performance.now() - endMs;
    const { problems, ...verdict } = judgeRevoked(holder.services, revoked, new Set(strike.broken));
    const lines = [
      ...problems,
      ...wrong(),
      ...idleMeanwhile.map((each) => `${each} served nobody`),
      ...closeProblems(holder, strike, kind),
    ];
    return {
      ...verdict,
      problems: [
        ...lines.map((line) => `${line} (${strike.name})`),
        ...(await newTokenProblems(cluster, holder, kind)),
      ],
      refusals: holder.refusals.filter(({ status }) => REFUSED.has(status)).length,
      recoveryMs,
    };
  } finally {
    stopping.abort();
    await running;
  }
}

/** Returns what isn't yet as it must be after a strike: the user is refused and disconnected, and the other one served. */
function wrongSince(endMs: number, holder: TokenHolder, accepted: TokenHolder, { status }: Kind): string[] {
  return [
    ...holder.processes
      .filter((each) => !holder.isRefusedBy(each, status, endMs))
      .map((each) => `P65: ${each} didn't answer a revoked token with ${status}`),
    ...holder.connections
      .filter(({ isClosed }) => !isClosed)
      .map((each) => `P65: ${each.process} didn't close a connection of a revoked token`),
    ...accepted.processes
      .filter((each) => !accepted.isServedBy(each, endMs))
      .map((each) => `${each} didn't serve a user who isn't revoked`),
  ];
}

function closeProblems({ connections }: TokenHolder, { ended }: Strike, { closeCode }: Kind): string[] {
  return connections
    .filter((each) => each.isClosed && each.closeCode !== closeCode && !ended.includes(each.process))
    .map((each) => `P65: ${each.process} closed a connection with ${each.closeCode}, and not ${closeCode}`);
}

/** A new token is accepted if the user isn't blocked, and also once the block is over. */
async function newTokenProblems(cluster: Cluster, holder: TokenHolder, { name }: Kind): Promise<string[]> {
  let last: readonly number[] = [];
  const areAll = async (...statuses: readonly number[]) => {
    last = await holder.statusesWithNewToken();
    return last.every((status) => statuses.includes(status));
  };
  const problems: string[] = [];
  if (name === "blocked") {
    // A process that can't answer at the moment is asked again. Every other answer counts at once.
    const wrong = () => last.filter((status) => status !== 403 && !UNANSWERED.has(status));
    await eventually(
      async () => (await areAll(403)) || wrong().length > 0,
      () => `a new token to be refused: ${last}`,
    );
    if (wrong().length > 0) problems.push("P65: a new token of a blocked user wasn't refused everywhere");
    await operate(cluster, `/revocations/${holder.user}`, { method: "DELETE" });
  }
  await eventually(
    () => areAll(101, 200),
    () => `a new token to be accepted: ${last}`,
  );
  return problems;
}

function revoke(cluster: Cluster, user: string, { name }: Kind): Promise<void> {
  const body = JSON.stringify(name === "revoked" ? { user } : { user, until: BLOCKED_UNTIL });
  const headers = { "content-type": "application/json" };
  return operate(cluster, "/revocations", { method: "POST", body, headers });
}

/** Sends a request to the admin port of the gateway that always runs. */
async function operate(
  { gateways, token }: Cluster,
  path: string,
  { headers, ...init }: RequestInit & { readonly headers?: Readonly<Record<string, string>> },
): Promise<void> {
  const authorization = `Bearer ${await token(OPERATOR, ["ops"])}`;
  const url = `${gateways.at(-1)?.app.adminUrl}${path}`;
  await eventually(
    async () => (await fetch(url, { ...init, headers: { ...headers, authorization } })).ok,
    `an answer to ${init.method} ${path}`,
  );
}
