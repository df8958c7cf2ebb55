import { createMetrics, metricFactory, startAdmin } from "@parley/service";
import { EXIT, Failure } from "../terminal/failure.ts";
import { type Round, STEPS } from "./round.ts";

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export interface ProbeMetrics {
  readonly url: string;
  observe(round: Round): void;
}

/**
 * Serves `/metrics`, and `/readyz`, which fails while the last round failed. The port stays open until the process ends.
 */
export async function serveProbeMetrics(port: number, host: string): Promise<ProbeMetrics> {
  const registry = createMetrics({ app: "probe" });
  const { counter, gauge, histogram } = metricFactory(registry, "probe");
  const seconds = histogram("step_seconds", "Time of a step of a round that succeeded.", SECONDS, {
    step: STEPS,
  });
  const rounds = counter("rounds_total", "Rounds, by the step that failed, or ok.", {
    outcome: ["ok", ...STEPS],
  });
  const lastOk = gauge("last_ok_timestamp_seconds", "When a round last succeeded, in seconds since 1970.");
  let problem: string | undefined = "no round has ended yet";
  const problems = () => (problem === undefined ? [] : [problem]);
  const { url } = await startAdmin({ port, host, registry, problems }).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message.replace("ADMIN_PORT", "--port") : String(error);
    throw new Failure(EXIT.failed, reason);
  });
  return {
    url,
    observe({ ms, failure }) {
      for (const step of STEPS) if (ms[step] !== undefined) seconds.observe({ step }, ms[step] / 1_000);
      rounds.inc({ outcome: failure?.step ?? "ok" });
      if (!failure) lastOk.setToCurrentTime();
      problem = failure && `${failure.step}: ${failure.reason}`;
    },
  };
}
