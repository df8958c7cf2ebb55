import { setTimeout as delay } from "node:timers/promises";
import { connectClient, type ServerOptions } from "../server/connect-client.ts";
import type { Identity } from "../server/identity.ts";
import { escapeJson, escapeLine } from "../terminal/escape.ts";
import { EXIT, Failure, usageError } from "../terminal/failure.ts";
import type { Io } from "../terminal/io.ts";
import { serveProbeMetrics } from "./probe-metrics.ts";
import { type ProbeUser, type Round, Rounds, STEPS } from "./round.ts";

export interface ProbeOptions extends ServerOptions {
  /** The second user, who hears and reads. */
  readonly peer: Identity;
  /** Runs one round and ends. */
  readonly once: boolean;
  /** The pause between two rounds, in ms. */
  readonly everyMs: number;
  /** The port that serves metrics. Undefined: none. */
  readonly port: number | undefined;
  readonly host: string;
  readonly json: boolean;
}

/**
 * Measures what users feel: one user sends, another one hears and reads. Prints a line for each round, until the command
 * is ended or, with `once`, after the first. Rejects with a Failure if the only round failed.
 */
export async function probe(options: ProbeOptions, io: Io): Promise<void> {
  if (options.once && options.port !== undefined) throw usageError("--once and --port cannot be combined");
  const [sender, receiver] = [await connectUser(options, io), await connectUser(peerOf(options), io)];
  if (sender.name === receiver.name) throw usageError(`both users are ${sender.name}: pass two users`);
  const rounds = new Rounds(sender, receiver, options.timeoutMs);
  const metrics =
    options.port === undefined ? undefined : await serveProbeMetrics(options.port, options.host);
  if (metrics) io.note(`metrics on ${metrics.url}/metrics`);
  const runOne = async (): Promise<Round> => {
    const round = await rounds.run(io.ended);
    metrics?.observe(round);
    io.print(options.json ? escapeJson(round) : escapeLine(describe(round)));
    return round;
  };
  if (options.once) {
    const { failure } = await runOne();
    if (failure) throw new Failure(EXIT.failed, `the round failed: ${failure.step}: ${failure.reason}`);
    return;
  }
  try {
    while (!io.ended.aborted) {
      await runOne();
      await delay(options.everyMs, undefined, { signal: io.ended });
    }
  } catch (error) {
    if (!io.ended.aborted) throw error;
  }
}

function peerOf(options: ProbeOptions): ServerOptions {
  const { url, historyUrl, timeoutMs, peer } = options;
  return { url, historyUrl, timeoutMs, ...peer };
}

async function connectUser(server: ServerOptions, io: Io): Promise<ProbeUser> {
  const client = await connectClient(server, io, { from: "now" });
  const name = client.user;
  if (name === undefined) throw new Failure(EXIT.unreachable, `${server.url} did not name the user`);
  return { name, client };
}

/** Describes a round in one line. */
function describe({ ms, failure }: Round): string {
  const times = STEPS.flatMap((step) => {
    const time = ms[step];
    return time === undefined ? [] : [`${step} ${time.toFixed(1)} ms`];
  });
  const [status, reason] = failure ? ["WRONG", [`${failure.step}: ${failure.reason}`]] : ["ok   ", []];
  return [status, ...times, ...reason].join("  ");
}
